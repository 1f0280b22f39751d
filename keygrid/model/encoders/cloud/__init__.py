"""Learned diffusion on a cloud: the network of the surface encoder on a graph whose edges keep to a layer of cloth."""
