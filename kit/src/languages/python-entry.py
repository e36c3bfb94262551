"""What the component's toolchain looks for: classes that are called as the contract's exports."""

from jackfield.component import exports

About, Status, Dispositions, Lookup, Leads = exports("adapter")
