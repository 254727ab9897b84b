"""Manifests: the declarative description of a connector, checked against a schema and compiled into typed form."""

from connectors.manifest.compile import compile_manifest
from connectors.manifest.folder import load_folder
from connectors.manifest.model import Manifest
from connectors.manifest.problems import ManifestErrors, ManifestProblem

__all__ = ["Manifest", "ManifestErrors", "ManifestProblem", "compile_manifest", "load_folder"]
