# %% [markdown]
# # First steps
#
# A GAN of drawn faces comes with the package, with a classifier of its attributes. In a few minutes, on a processor:
# draw images, find directions of attributes, move along them, and measure what else they change.

# %%
import ganatomy as ga

G = ga.load("faces")
scorer = ga.scorer("faces")  # the attribute classifier
print(ga.describe(G))

# %% [markdown]
# A seed names codes: the same seed draws the same faces on every machine. `truncation_psi` below 1 draws usual faces.

# %%
w = G.sample(8, seed=7, space="w", truncation_psi=0.7)
ga.grid(G(w), columns=8)

# %% [markdown]
# ## Directions
#
# A *survey* is codes with what the classifier sees in their images. A direction is found for every attribute at once.

# %%
survey = ga.survey(G, scorer, n=300, space="w", seed=0)
found = ga.regression(survey)
found

# %% [markdown]
# A walk moves one code along a direction. Here from -3 to 3, a distance in w:

# %%
stations = range(-3, 4)
ga.strip(G, ga.walk(w[0], found["Smiling"], stations), labels=[f"{k:+d}" for k in stations])

# %% [markdown]
# ## One change and nothing else
#
# Attributes that go together in the training data change together. `hold` takes them out of the step. The first row
# is moved freely, in the second one *Male* and *Eyeglasses* are held by the linear model.

# %%
free = ga.move(w, found["Smiling"], 2.0, units="sigma")
held = ga.move(w, found["Smiling"], 2.0, units="sigma", hold=[found["Male"], found["Eyeglasses"]])
ga.strip(G, ga.Latents.cat([free, held]), columns=8, row_labels=["free", "held"])

# %% [markdown]
# How much else does each direction change? *Selectivity* is the change of the target over the mean change of the
# others. It is read by a *judge*, a second classifier that took no part in finding the directions.

# %%
few = found.select(["Smiling", "Male", "Heavy_Makeup"])
changes = ga.entanglement(G, scorer, few, n=100, seed=1, judge=ga.judge("faces"))
changes.judged

# %% [markdown]
# ## An edit that reaches a goal
#
# A guided edit solves for each image: a smile of at least 0.9, with two attributes held. The judge confirms it, or
# does not.

# %%
guided = ga.guided(G, scorer, w[:4], {"Smiling": 0.9}, hold=["Male", "Eyeglasses"])
confirmed = ga.confirm(G, ga.judge("faces"), guided)
confirmed

# %%
ga.strip(G, ga.Latents.cat([w[:4], guided.latents]), columns=4, row_labels=["before", "after"])

# %% [markdown]
# Everything can be kept: `ga.save_directions(found, "faces.directions")`, and `ganatomy walk faces --seed 7 --along
# faces.directions:Smiling -o smile.gif` goes on from there on the command line.
