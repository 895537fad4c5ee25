"""How every model of this folder was made: one runnable module a model, torch only here.

Nothing in `inspection_service` imports this package; a deployment needs the ONNX files and their manifests alone.
"""
