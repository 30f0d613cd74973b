"""How sure a figure is, whether one is above another, and how both are written.

intervals     estimates with 95 % intervals: bootstrap, jackknife, Wilson, differences
tests         paired permutation tests: is A better than B in the same images?
latent        correlations of the normals behind labels and scores
formatting    the same figures in sentences, cells and JSON
"""
