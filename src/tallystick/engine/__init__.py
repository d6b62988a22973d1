"""The verbs: detect, translate, match, merge, plan, apply, explain. `pipeline` knows the order."""
