"""Named directions of the latent space of any GAN, and what each one really changes.

Every public name can be had from here: `import ganatomy as ga`, then `ga.load("faces")`. A name is imported when it is
first asked for, so that `import ganatomy`, and with it `ganatomy --help`, does not pay for torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganatomy._version import __version__ as __version__

if TYPE_CHECKING:  # the same names once more, for editors and type checkers; a test compares the two lists
    from ganatomy.critics import Critic as Critic
    from ganatomy.critics import critic as critic
    from ganatomy.critics import critic_features as critic_features
    from ganatomy.critics import discriminator_features as discriminator_features
    from ganatomy.datasets.correlations import drawn_correlations as drawn_correlations
    from ganatomy.datasets.correlations import read_correlations as read_correlations
    from ganatomy.datasets.labelled_images import LabelChoice as LabelChoice
    from ganatomy.datasets.labelled_images import LabelledImages as LabelledImages
    from ganatomy.datasets.labelled_images import drawn_images as drawn_images
    from ganatomy.datasets.labelled_images import open_labelled as open_labelled
    from ganatomy.datasets.labels import LabelTable as LabelTable
    from ganatomy.datasets.labels import read_labels as read_labels
    from ganatomy.datasets.populations import drawn_labels as drawn_labels
    from ganatomy.datasets.references import Reference as Reference
    from ganatomy.datasets.references import drawn_reference as drawn_reference
    from ganatomy.datasets.references import folder_reference as folder_reference
    from ganatomy.directions import METHODS as METHODS
    from ganatomy.directions import ActiveSubspace as ActiveSubspace
    from ganatomy.directions import FewLabels as FewLabels
    from ganatomy.directions import Ranked as Ranked
    from ganatomy.directions import active as active
    from ganatomy.directions import active_subspace as active_subspace
    from ganatomy.directions import attribute_channels as attribute_channels
    from ganatomy.directions import centroids as centroids
    from ganatomy.directions import condition as condition
    from ganatomy.directions import discriminant as discriminant
    from ganatomy.directions import dual as dual
    from ganatomy.directions import exemplars as exemplars
    from ganatomy.directions import few_labels as few_labels
    from ganatomy.directions import find as find
    from ganatomy.directions import ganspace as ganspace
    from ganatomy.directions import gradient as gradient
    from ganatomy.directions import held as held
    from ganatomy.directions import import_directions as import_directions
    from ganatomy.directions import import_latents as import_latents
    from ganatomy.directions import interfacegan as interfacegan
    from ganatomy.directions import layer_names as layer_names
    from ganatomy.directions import linear_map as linear_map
    from ganatomy.directions import local_channels as local_channels
    from ganatomy.directions import local_directions as local_directions
    from ganatomy.directions import logistic as logistic
    from ganatomy.directions import lowdin as lowdin
    from ganatomy.directions import pca as pca
    from ganatomy.directions import pls as pls
    from ganatomy.directions import regression as regression
    from ganatomy.directions import sefa as sefa
    from ganatomy.directions import selective as selective
    from ganatomy.directions import svm as svm
    from ganatomy.edits import arithmetic as arithmetic
    from ganatomy.edits import move as move
    from ganatomy.edits import neighbours as neighbours
    from ganatomy.edits import path as path
    from ganatomy.edits import style_mix as style_mix
    from ganatomy.edits import turn as turn
    from ganatomy.edits import walk as walk
    from ganatomy.errors import CheckpointError as CheckpointError
    from ganatomy.errors import DownloadError as DownloadError
    from ganatomy.errors import FingerprintError as FingerprintError
    from ganatomy.errors import GanatomyError as GanatomyError
    from ganatomy.errors import MissingFileError as MissingFileError
    from ganatomy.errors import OutputError as OutputError
    from ganatomy.errors import ScoreError as ScoreError
    from ganatomy.errors import SettingError as SettingError
    from ganatomy.errors import SpaceError as SpaceError
    from ganatomy.errors import UnknownNameError as UnknownNameError
    from ganatomy.experiments.base import Experiment as Experiment
    from ganatomy.experiments.compare import Comparison as Comparison
    from ganatomy.experiments.compare import compare as compare
    from ganatomy.experiments.documents import document as document
    from ganatomy.experiments.explore import Exploration as Exploration
    from ganatomy.experiments.explore import explore as explore
    from ganatomy.experiments.measure import Measurements as Measurements
    from ganatomy.experiments.measure import measure as measure
    from ganatomy.experiments.studies import study_attributes as study_attributes
    from ganatomy.experiments.studies import study_bias as study_bias
    from ganatomy.experiments.studies import study_dcgan as study_dcgan
    from ganatomy.experiments.studies import study_linear_map as study_linear_map
    from ganatomy.experiments.studies import study_photographs as study_photographs
    from ganatomy.experiments.studies import study_trust as study_trust
    from ganatomy.experiments.studies import study_z_against_w as study_z_against_w
    from ganatomy.generators import load as load
    from ganatomy.generators import save_generator as save_generator
    from ganatomy.generators import wrap as wrap
    from ganatomy.generators.base import Generator as Generator
    from ganatomy.generators.base import Signature as Signature
    from ganatomy.generators.description import describe as describe
    from ganatomy.generators.drawn import DrawnGenerator as DrawnGenerator
    from ganatomy.generators.exports import export as export
    from ganatomy.generators.toy import ToyGenerator as ToyGenerator
    from ganatomy.guidance import Guided as Guided
    from ganatomy.guidance import GuidedSettings as GuidedSettings
    from ganatomy.guidance import confirm as confirm
    from ganatomy.guidance import guided as guided
    from ganatomy.guidance import strengths as strengths
    from ganatomy.inversion import EncoderNetwork as EncoderNetwork
    from ganatomy.inversion import FittedGenerator as FittedGenerator
    from ganatomy.inversion import Inversion as Inversion
    from ganatomy.inversion import Preparation as Preparation
    from ganatomy.inversion import consult as consult
    from ganatomy.inversion import invert as invert
    from ganatomy.inversion import prepare_inversion as prepare_inversion
    from ganatomy.inversion import tune as tune
    from ganatomy.latents import Direction as Direction
    from ganatomy.latents import Directions as Directions
    from ganatomy.latents import Latents as Latents
    from ganatomy.latents import Space as Space
    from ganatomy.maps import ImageMap as ImageMap
    from ganatomy.maps import Map as Map
    from ganatomy.maps import embed as embed
    from ganatomy.maps import map_images as map_images
    from ganatomy.metrics import MEASURES as MEASURES
    from ganatomy.metrics import Entanglement as Entanglement
    from ganatomy.metrics import Naming as Naming
    from ganatomy.metrics import correlations as correlations
    from ganatomy.metrics import cosines as cosines
    from ganatomy.metrics import covariance as covariance
    from ganatomy.metrics import dci as dci
    from ganatomy.metrics import edited_set as edited_set
    from ganatomy.metrics import entanglement as entanglement
    from ganatomy.metrics import frechet_distance as frechet_distance
    from ganatomy.metrics import identity_kept as identity_kept
    from ganatomy.metrics import kid as kid
    from ganatomy.metrics import linearity as linearity
    from ganatomy.metrics import memorisation as memorisation
    from ganatomy.metrics import name_directions as name_directions
    from ganatomy.metrics import nearest_training as nearest_training
    from ganatomy.metrics import pair_grid as pair_grid
    from ganatomy.metrics import path_length as path_length
    from ganatomy.metrics import precision_recall as precision_recall
    from ganatomy.metrics import reconstruction as reconstruction
    from ganatomy.metrics import separability as separability
    from ganatomy.metrics import walk_profile as walk_profile
    from ganatomy.metrics.classification import read_attributes as read_attributes
    from ganatomy.metrics.linear_svm import compare_features as compare_features
    from ganatomy.metrics.linear_svm import critic_accuracy as critic_accuracy
    from ganatomy.metrics.linear_svm import linear_svm_accuracy as linear_svm_accuracy
    from ganatomy.perception import Judge as Judge
    from ganatomy.perception import following as following
    from ganatomy.perception import judge as judge
    from ganatomy.perception import scorer as scorer
    from ganatomy.perception import words as words
    from ganatomy.perception.base import Scorer as Scorer
    from ganatomy.perception.base import Scores as Scores
    from ganatomy.perception.features import features_of as features_of
    from ganatomy.perception.onnx_export import export_onnx as export_onnx
    from ganatomy.perception.perceptual import perceptual_distance as perceptual_distance
    from ganatomy.photographs import Crops as Crops
    from ganatomy.photographs import Face as Face
    from ganatomy.photographs import Photograph as Photograph
    from ganatomy.photographs import TemplateLayout as TemplateLayout
    from ganatomy.photographs import align as align
    from ganatomy.photographs import face_detector as face_detector
    from ganatomy.photographs import load_layout as load_layout
    from ganatomy.photographs import measure_layout as measure_layout
    from ganatomy.photographs import open_photograph as open_photograph
    from ganatomy.photographs import paste as paste
    from ganatomy.photographs import save_layout as save_layout
    from ganatomy.plots import film as film
    from ganatomy.plots import grid as grid
    from ganatomy.plots import strip as strip
    from ganatomy.plots.maps import map_chart as map_chart
    from ganatomy.recipes import Recipe as Recipe
    from ganatomy.recipes import read_recipe as read_recipe
    from ganatomy.recipes import render as render
    from ganatomy.recipes import render_to as render_to
    from ganatomy.recipes import save_recipe as save_recipe
    from ganatomy.report import Document as Document
    from ganatomy.report import write_document as write_document
    from ganatomy.report.maps import write_map as write_map
    from ganatomy.sharing import Pulled as Pulled
    from ganatomy.sharing import Pushed as Pushed
    from ganatomy.sharing import pull as pull
    from ganatomy.sharing import push as push
    from ganatomy.storage import load_directions as load_directions
    from ganatomy.storage import load_latents as load_latents
    from ganatomy.storage import save_directions as save_directions
    from ganatomy.storage import save_latents as save_latents
    from ganatomy.surveys import Survey as Survey
    from ganatomy.surveys import differentiate as differentiate
    from ganatomy.surveys import load_survey as load_survey
    from ganatomy.surveys import survey as survey
    from ganatomy.training import EncoderSettings as EncoderSettings
    from ganatomy.training import TransferSettings as TransferSettings
    from ganatomy.training import train_encoder as train_encoder
    from ganatomy.training import train_student as train_student
    from ganatomy.training import train_transfer as train_transfer
    from ganatomy.training.scorers import AttributeRecipe as AttributeRecipe
    from ganatomy.training.scorers import Augmentation as Augmentation
    from ganatomy.training.scorers import TrainedAttributes as TrainedAttributes
    from ganatomy.training.scorers import train_attributes as train_attributes
    from ganatomy.training.studies import study_ablation as study_ablation
    from ganatomy.training.studies import study_infogan as study_infogan
    from ganatomy.transfers import TransferNetwork as TransferNetwork
    from ganatomy.transfers import Transferred as Transferred
    from ganatomy.transfers import transfer as transfer
    from ganatomy.workers import LocalProcesses as LocalProcesses
    from ganatomy.workers import RayCluster as RayCluster
    from ganatomy.workers import work_on as work_on

_NAMES = {
    "ganatomy.experiments.base": "Experiment",
    "ganatomy.experiments.documents": "document",
    "ganatomy.experiments.explore": "Exploration explore",
    "ganatomy.experiments.compare": "Comparison compare",
    "ganatomy.critics": "Critic critic critic_features discriminator_features",
    "ganatomy.datasets.correlations": "drawn_correlations read_correlations",
    "ganatomy.datasets.labelled_images": "LabelChoice LabelledImages drawn_images open_labelled",
    "ganatomy.datasets.labels": "LabelTable read_labels",
    "ganatomy.datasets.populations": "drawn_labels",
    "ganatomy.datasets.references": "Reference drawn_reference folder_reference",
    "ganatomy.directions": "METHODS ActiveSubspace FewLabels Ranked active active_subspace attribute_channels "
    "centroids condition discriminant dual exemplars few_labels find ganspace gradient held import_directions "
    "import_latents interfacegan layer_names linear_map local_channels local_directions logistic lowdin pca pls "
    "regression sefa selective svm",
    "ganatomy.edits": "arithmetic move neighbours path style_mix turn walk",
    "ganatomy.errors": "CheckpointError DownloadError FingerprintError GanatomyError MissingFileError OutputError "
    "ScoreError SettingError SpaceError UnknownNameError",
    "ganatomy.generators": "load save_generator wrap",
    "ganatomy.generators.base": "Generator Signature",
    "ganatomy.generators.description": "describe",
    "ganatomy.generators.exports": "export",
    "ganatomy.generators.drawn": "DrawnGenerator",
    "ganatomy.generators.toy": "ToyGenerator",
    "ganatomy.guidance": "Guided GuidedSettings confirm guided strengths",
    "ganatomy.inversion": "EncoderNetwork FittedGenerator Inversion Preparation consult invert prepare_inversion tune",
    "ganatomy.latents": "Direction Directions Latents Space",
    "ganatomy.maps": "Map ImageMap embed map_images",
    "ganatomy.experiments.measure": "Measurements measure",
    "ganatomy.metrics": "MEASURES Entanglement Naming correlations cosines covariance dci edited_set entanglement "
    "frechet_distance identity_kept kid linearity memorisation name_directions nearest_training pair_grid path_length "
    "precision_recall reconstruction separability walk_profile",
    "ganatomy.metrics.classification": "read_attributes",
    "ganatomy.metrics.linear_svm": "compare_features critic_accuracy linear_svm_accuracy",
    "ganatomy.perception": "Judge following judge scorer words",
    "ganatomy.perception.base": "Scorer Scores",
    "ganatomy.perception.features": "features_of",
    "ganatomy.perception.onnx_export": "export_onnx",
    "ganatomy.perception.perceptual": "perceptual_distance",
    "ganatomy.photographs": "Crops Face Photograph TemplateLayout align face_detector load_layout measure_layout "
    "open_photograph paste save_layout",
    "ganatomy.plots": "film grid strip",
    "ganatomy.plots.maps": "map_chart",
    "ganatomy.recipes": "Recipe read_recipe render render_to save_recipe",
    "ganatomy.report": "Document write_document",
    "ganatomy.report.maps": "write_map",
    "ganatomy.sharing": "Pulled Pushed pull push",
    "ganatomy.storage": "load_directions load_latents save_directions save_latents",
    "ganatomy.experiments.studies": "study_attributes study_bias study_dcgan study_linear_map study_photographs "
    "study_trust study_z_against_w",
    "ganatomy.surveys": "Survey differentiate load_survey survey",
    "ganatomy.training.studies": "study_ablation study_infogan",
    "ganatomy.training": "EncoderSettings TransferSettings train_encoder train_student train_transfer",
    "ganatomy.training.scorers": "AttributeRecipe Augmentation TrainedAttributes train_attributes",
    "ganatomy.transfers": "TransferNetwork Transferred transfer",
    "ganatomy.workers": "LocalProcesses RayCluster work_on",
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_HOME)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ganatomy' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
