# %% [markdown]
# # A photograph
#
# A photograph is cut as the model's images are, its codes are found and edited, and the face is put back. The bundled
# model knows drawn faces, so the photograph here is a portrait that its renderer drew on a wall, and that the
# generator has never seen. A photograph of your own goes the same way: `ga.open_photograph("me.jpg")`.

# %%
import torch
from PIL import Image

import ganatomy as ga

renderer = ga.DrawnGenerator(resolution=192)
with torch.no_grad():
    portrait = ga.grid(renderer(renderer.sample(1, seed=12)), scale=1, gap=0)
picture = Image.new("RGB", (320, 192), (168, 152, 134))
picture.paste(portrait, (64, 0))
picture

# %% [markdown]
# ## Align
#
# Here the face is in the middle, so the largest square is taken, and no face is looked for. With `layout="ffhq"`, or
# `ga.measure_layout`, which measures how a model's own images are cut, a face detector finds eyes, nose and mouth.

# %%
G = ga.load("faces")
photograph = ga.open_photograph(picture)
crops = ga.align(photograph, layout="crop", resolution=64)
crops.images.shape

# %% [markdown]
# ## Find its codes

# %%
found = ga.invert(G, crops.images)
found

# %%
ga.grid(torch.cat([crops.images, found.images]), columns=2, scale=3, labels=["photograph", "its codes"])

# %% [markdown]
# ## Edit, and see what is read
#
# Directions were found on generated images. Whether they do the same here is read by the scorer, and by a judge that
# took no part.

# %%
scorer, judge = ga.scorer("faces"), ga.judge("faces")
survey = ga.survey(G, scorer, n=300, space="w", seed=0)
smile = ga.regression(survey)["Smiling"]
stations = [-2, -1, 0, 1, 2]
walked = ga.Latents.cat([ga.move(found.latents, smile, k, units="sigma") for k in stations])
images = G(walked)
seen = [scorer.score(images), judge.score(images)]
for name, scores in zip(("scorer", "judge"), seen, strict=True):
    print(f"{name:8s}", *(f"{p:5.2f}" for p in scores.select(["Smiling"]).probabilities[:, 0].tolist()))

# %%
ga.strip(G, walked, columns=5, captions=[f"{k:+d} sigma" for k in stations])

# %% [markdown]
# ## Paste it back
#
# Only what the edit changes comes from the generator; details of the photograph stay, and outside of the crop not one
# pixel changes.

# %%
edited = G(walked[4])
ga.paste(photograph, crops, edited, reconstructed=found.images)

# %% [markdown]
# On the command line all of this is `ganatomy edit faces me.jpg --directions faces.directions --move Smiling=2
# --paste -o smiling.jpg`. How near an inversion should come to the photograph, and what that costs in edits, is the
# dial `editability`.
