"""Shards: one file, many images. zip, tar, tar.gz, npz and IDX, opened in memory.

Members come one at a time and in order, so that memory stays flat. An archive is a stranger's:
what it says of itself is checked before it is believed, names inside it are only names, and
nothing is ever written anywhere. It does not know where a shard comes from or what scores it.
"""

from litescore.shards.shard import is_shard, members

__all__ = ["is_shard", "members"]
