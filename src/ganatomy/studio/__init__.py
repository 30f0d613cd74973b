"""The studio: a page in the browser that edits images with sliders and shows what else changes.

bench       one model with its classifier and panel: from scenes to recipes, images and scores
exports     files made from scenes, and scenes read back from such files
guards      access and limits of requests: hosts, origins, token, sizes
page        what the page shows of a panel, as JSON
preparing   measures a model that has no panel yet
queries     queries over the socket, and their answers
reports     opens the folder of a report
run         starts a studio
scenes      one image of the page as data
server      addresses, sockets, and their limits
sockets     one visitor's live connection
thumbnails  small images of the map
turns       shares a model fairly between visitors
"""
