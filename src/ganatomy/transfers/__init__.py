"""Transfer of attributes from image to image: 'his smile, on her face'.

transfer   by any method
linear     in closed form, from directions
network    in one pass of a network, which `training.train_transfer` trains
result     pairs of source and target, and the result
steps      steps of codes in standard deviations
"""

from ganatomy.transfers.linear import linear
from ganatomy.transfers.network import TransferConfig, TransferNetwork
from ganatomy.transfers.result import Pairs, Transferred
from ganatomy.transfers.transfer import METHODS, transfer

__all__ = ["METHODS", "Pairs", "TransferConfig", "TransferNetwork", "Transferred", "linear", "transfer"]
