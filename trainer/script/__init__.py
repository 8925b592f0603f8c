"""A recipe as the plain Keras script that it stands for: `litescore train --show-code`.

Made from the recipe's values, so that the two say the same. Knows no files, and imports no
TensorFlow: it only writes about it.
"""
