"""The studio: a page on which a person changes one thing in an image, sees what else moved, and takes it away.

panel       what the page knows of a model's directions; `panel_files` keeps it
preparing   measuring a model for its panel
scenes      what one image on the page is: codes, moves, holds; read from JSON
bench       one model with its scorer and panel: from scenes to recipes, images and scores
asks        what the page asks for live, and what it gets
turns       fair turns at a model for all visitors
takeaways   files to leave with, and scenes from files that come back
guards      who may ask, and how much
server      addresses, sockets, and their limits
"""
