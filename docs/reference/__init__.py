"""The reference pages: docs/COMMANDS.md, docs/commands/, docs/SETTINGS.md and the tables that other
pages borrow from them. All of it is read off the code; tests/test_reference.py holds the files to it.

`python -m docs.reference` writes them. It is no part of the wheel.

    tree.py         the commands, as click has them
    options.py      an option as a row: its words, what it means, its default
    commands.py     the pages of the commands
    variables.py    the environment variables, and the ones that the code reads
    parameters.py   the parameters of the CloudFormation templates
    settings.py     the page of the settings
    blocks.py       tables within pages that people write
    markdown.py     text as Markdown
    pages.py        each file and what it should hold
"""
