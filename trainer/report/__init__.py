"""What a training came to, for people: sentences, pictures, a page, a model card.

Reads a finished run; changes nothing.
"""
