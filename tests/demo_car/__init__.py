"""A parametric car, rendered by Blender's Cycles, so that tests and demonstrations need no photograph of a real one.

Everything is made from formulas: no mesh, texture, photo or font file is read. ``bpy`` (GPL) is a tool of development,
never a dependency of the service; `README.md` says how to install and run it.

Frame: x forward, y to the car's left, z up, metres; origin half way between the axles, on the road of the hatchback.
"""
