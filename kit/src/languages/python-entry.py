"""componentize-py looks here for a class for each export of the project's world, such as `Status`."""

from jackfield.component import exports

globals().update(exports("adapter"))
