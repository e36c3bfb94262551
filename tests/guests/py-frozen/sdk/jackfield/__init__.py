"""All that an adapter over the generated bindings needs. It is frozen, like the line of the contract."""
