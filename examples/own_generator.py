# %% [markdown]
# # A generator of your own
#
# Whatever maps codes to images can be opened: a file of weights, which is recognised by its content, or a module of
# PyTorch in one line. Here a small network paints a disc whose colour, size and place depend on 8 numbers.

# %%
import torch
from torch import Tensor, nn

import ganatomy as ga


class Discs(nn.Module):
    """A disc on a ground: colours, size and place are mixtures of the codes."""

    def __init__(self) -> None:
        super().__init__()
        self.mixture = nn.Linear(8, 9)
        nn.init.orthogonal_(self.mixture.weight[:8], generator=torch.Generator().manual_seed(3))
        nn.init.zeros_(self.mixture.bias)

    def forward(self, z: Tensor) -> Tensor:
        """Images [n, 3, 48, 48] in [-1, 1]."""
        size, x, y, *colours = self.mixture(z).tanh().unbind(1)
        line = torch.linspace(-1, 1, 48)
        distance = (
            (line - 0.4 * x[:, None])[:, None] ** 2 + (line - 0.4 * y[:, None])[:, :, None] ** 2
        ).sqrt()
        inside = ((0.45 + 0.2 * size[:, None, None] - distance) * 20).sigmoid()[:, None]
        disc, ground = torch.stack(colours[:3], 1), torch.stack(colours[3:], 1)
        return inside * disc[:, :, None, None] + (1 - inside) * ground[:, :, None, None]


G = ga.wrap(Discs(), z_dim=8)
z = G.sample(12, seed=0)
ga.grid(G(z), columns=12, scale=2)

# %% [markdown]
# ## A classifier of your own
#
# A function from images to probabilities is one; so is an ONNX file, a table of labels, or a network that `ganatomy
# train attributes` has trained.


# %%
def read(images: Tensor) -> Tensor:
    """Whether the middle is redder than the corner, and whether the disc is large."""
    middle, corner = images[:, :, 20:28, 20:28].mean((2, 3)), images[:, :, :3, :3].mean((2, 3))
    differs = (20 * (images - corner[:, :, None, None]).abs().mean(1) - 2).sigmoid().mean((1, 2))
    return torch.stack([(4 * (middle[:, 0] - corner[:, 0])).sigmoid(), (20 * (differs - 0.31)).sigmoid()], 1)


scorer = ga.scorer(read, names=["Red", "Large"])
survey = ga.survey(G, scorer, n=600, space="z")
found = ga.regression(survey)
found

# %%
stations = [-2, -1, 0, 1, 2]
walks = ga.Latents.cat([ga.walk(z[3], direction, stations) for direction in found])
ga.strip(G, walks, columns=5, row_labels=found.names, captions=[f"{k:+d}" for k in stations])

# %% [markdown]
# ## What each direction changes

# %%
ga.entanglement(G, scorer, found, n=200, seed=1)

# %% [markdown]
# ## Straight or not?
#
# `active_subspace` asks how the classifier's logit answers to the codes themselves: how many directions it depends on,
# and whether it answers to them in the same way in all images.

# %%
seen = ga.differentiate(survey, G, scorer, n=64)
print(ga.active_subspace(seen, "Red"))
print(ga.active_subspace(seen, "Large"))

# %% [markdown]
# A file works the same: `ga.load("network-snapshot.pkl")`. `ga.export(G, "mine.safetensors")` writes any generator
# that was loaded as one safe file, and `ganatomy push mine.safetensors org/name` shares it. The page *Bring your own
# generator* has a section for each kind of file.
