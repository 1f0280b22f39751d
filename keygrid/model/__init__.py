"""The Key-Grid network: encoder, grid heatmap, decoder."""
