package runtime // empty outside a component
