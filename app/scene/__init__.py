"""The drawing, as layers on any PyVista plotter: a window's or an off-screen one. No Qt."""
