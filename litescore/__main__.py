from litescore.cli import main

main()
