# %% [markdown]
# # A study of a paper
#
# Radford et al. 2016 (*Unsupervised Representation Learning with Deep Convolutional GANs*) add and subtract codes:
# smiling woman minus woman plus man is a smiling man. They average three codes a concept, because single ones are
# unstable, and show what came out best. `ga.study_dcgan` does it on any model, over many draws, against what chance
# would give.

# %%
from PIL import Image

import ganatomy as ga

G = ga.load("digits")
scorer = ga.scorer("digits")
experiment = ga.Experiment(G, scorer, judge=ga.judge("digits"))
found = ga.study_dcgan(experiment, n=300, walks=2, map_method="pca")
document = ga.document(found, experiment, model="digits")
document

# %% [markdown]
# ## One sum by hand
#
# Three codes of each digit, averaged; the classifier chooses them among many draws.

# %%
z = G.sample(400, seed=1)
scores = scorer.score(G(z)).select(["7", "1", "4"])
best = scores.logits.argsort(0, descending=True)[:3].T.tolist()
rows = dict(zip(scores.names, best, strict=True))
parts = {digit: z[chosen] for digit, chosen in rows.items()}
total = ga.arithmetic(plus=[parts["7"], parts["4"]], minus=[parts["1"]])
sheet = ga.Latents.cat([*parts.values(), total])
ga.strip(G, sheet, labels=["7", "7", "7", "1", "1", "1", "4", "4", "4", "7 - 1 + 4"])

# %% [markdown]
# What the classifier reads in the sum; the study asks it of many sums, and of sums of random images:

# %%
scorer.score(G(total))

# %% [markdown]
# ## The whole page
#
# `ga.write_document` writes the page with all figures, a summary for programs, and the figures as files. It needs no
# network. One of the figures is a sum of means of three codes, as the paper draws it, with small noise around the
# result:

# %%
page = ga.write_document(document, "dcgan-study")
Image.open(page.parent / "figures/sum-slant.png")

# %% [markdown]
# `ganatomy study dcgan MODEL -o folder/` is the same on the command line, for any model; eight more studies have a
# page each.
