"""The cloud on one machine: ministack, the template deployed in it, and a page to look at it."""
