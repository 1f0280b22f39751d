"""Drawing as layers on any PyVista plotter, in a window or off screen. Imports no Qt."""
