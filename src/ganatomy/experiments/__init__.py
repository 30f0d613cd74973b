"""What ganatomy does with a generator and a scorer: each experiment takes one `Experiment` and says one `Document`.

base        `Experiment`: generator, scorer, judge, space, seed, truncation, batch size, progress
explore     the main job: directions of every attribute, and what each one changes
measure     measures of the literature on one budget
compare     every way of finding and of editing, in one league table
studies     studies of the literature, each by one call
"""
