"""The cloud of litescore: the template, the function's zip, and the same cloud on this machine.

Knows AWS's control plane (boto3: buckets, change sets) and files; it must not know how a model is
trained, converted or scored, and imports no other room. What it needs of them it runs as
`python -m litescore ...`. Nothing of AWS's plumbing is written here: AWS does it, or ministack.
"""
