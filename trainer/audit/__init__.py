"""What is wrong with a folder of labelled images, found before a model learns it.

Reads images; changes and deletes nothing. Knows nothing of models.
"""

from trainer.audit.quick import quick

__all__ = ["quick"]
