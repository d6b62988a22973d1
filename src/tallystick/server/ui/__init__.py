"""How the hub looks and answers: layout, components, navigation, command palette, errors as pages."""
