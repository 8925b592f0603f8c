"""The store's faults: a proxy that goes wrong in front of a real S3 server, and the balance after."""
