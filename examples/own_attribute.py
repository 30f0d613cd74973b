# %% [markdown]
# # An attribute of your own, from ten labels
#
# No classifier knows what you are looking for? Label ten images.

# %%
import ganatomy as ga

G = ga.load("faces")
w = G.sample(60, seed=0, space="w")
ga.grid(G(w[:20]), columns=10, labels=[str(k) for k in range(20)])

# %% [markdown]
# The numbers below the images are rows. A person writes down which rows have the attribute and which do not. Here the
# lightness of the background, at the upper left corner, stands for a person's labels: five of the lightest and five
# of the darkest images.

# %%
light = G(w)[:, :, :8, :8].mean((1, 2, 3)).argsort().tolist()
yes, no = light[-5:], light[:5]
found = ga.few_labels(w, yes=yes, no=no, name="Light_Background")
print(found)

# %% [markdown]
# The figures are of images that were not labelled. With so few labels the intervals are wide, and the last two lines
# say how many labels are needed and which rows tell most. With five more of each:

# %%
yes, no = light[-10:], light[:10]
more = ga.few_labels(w, yes=yes, no=no, name="Light_Background")
print(more)

# %%
stations = range(-3, 4)
ga.strip(
    G,
    ga.Latents.cat([ga.walk(w[row], more.direction, stations) for row in (2, 7)]),
    columns=7,
    captions=[f"{k:+d}" for k in stations],
)

# %% [markdown]
# ## What it takes along
#
# A scorer of other attributes reads what else changes along the direction: the mean change of each probability.

# %%
scorer = ga.scorer("faces")
ends = [scorer.score(G(ga.move(w, more.direction, k, units="sigma"))).probabilities.mean(0) for k in (-1, 1)]
change = ends[1] - ends[0]
for k in change.abs().argsort(descending=True)[:5].tolist():
    print(f"{scorer.names[k]:20s} {change[k]:+.2f}")

# %% [markdown]
# A step that holds what must stay: the directions of those attributes, found in the same space, are taken out.

# %%
survey = ga.survey(G, scorer, n=600, space="w", seed=1)
taken = [scorer.names[k] for k in change.abs().argsort(descending=True)[:3].tolist()]
held = [ga.regression(survey)[name] for name in taken]
edited = ga.move(w[:8], more.direction, 3.0, units="sigma", hold=held)
ga.strip(G, ga.Latents.cat([w[:8], edited]), columns=8, row_labels=["before", "after"])
