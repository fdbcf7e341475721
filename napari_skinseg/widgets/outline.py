"""Outlines of the labels, drawn by the graphics card with their fill: no second layer, no work a stroke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vispy.visuals.filters import Filter
from vispy.visuals.shaders import Function

if TYPE_CHECKING:
    import napari
    from napari.layers import Labels

WIDTH = 1.25
"""Half of the line between two classes, which each draws in its own colour, pixels of the screen."""
STRENGTH = 0.95
"""Opacity of the line, whatever that of the fill."""
KEEP = """
float found_edge = 0.0;
float keep_edge(float edge) {
    if (edge >= 0.0) { found_edge = edge; }
    return found_edge;
}
"""
"""What the lookup of a pixel has found, kept for the filter that colours it."""
LOOKUP = """
vec4 lookup_with_edge(vec2 texcoord) {
    if (texcoord.x < 0.0 || texcoord.x > 1.0 || texcoord.y < 0.0 || texcoord.y > 1.0) { discard; }
    vec2 step = $width * fwidth(texcoord);
    float label = texture2D($texture, texcoord).r;
    float right = abs(texture2D($texture, texcoord + vec2(step.x, 0.0)).r - label);
    float left = abs(texture2D($texture, texcoord - vec2(step.x, 0.0)).r - label);
    float below = abs(texture2D($texture, texcoord + vec2(0.0, step.y)).r - label);
    float above = abs(texture2D($texture, texcoord - vec2(0.0, step.y)).r - label);
    $keep(max(max(right, left), max(below, above)) > 0.001 ? 1.0 : 0.0);
    return vec4(label, 0.0, 0.0, 1.0);
}
"""
COLOUR = """
void colour_edge() {
    bool shown = gl_FragColor.r + gl_FragColor.g + gl_FragColor.b > 0.0;
    if (shown && $keep(-1.0) > 0.5) { gl_FragColor.a = max(gl_FragColor.a, $strength); }
}
"""
AFTER_OPACITY = 9
"""Place among the filters of vispy, of which the opacity is one."""


def draw_outlines(viewer: napari.Viewer, layer: Labels) -> None:
    """Have a layer drawn with outlines from now on. The fill keeps the layer's opacity, the line has its own.

    Parameters
    ----------
    viewer
        With a window that has the layer.
    layer
        In two dimensions, uint8; a class that its colormap does not show has no line either.
    """
    node: Any = viewer.window._qt_viewer.canvas.layer_to_visual[layer].node  # napari has no public way to it
    keep = Function(KEEP)
    lookup = Function(LOOKUP)
    lookup["width"], lookup["keep"] = WIDTH, keep
    colour = Filter(fcode=COLOUR, fpos=AFTER_OPACITY)
    colour.fshader["strength"], colour.fshader["keep"] = STRENGTH, keep
    node._interpolation_fun["nearest"] = lookup
    node._need_interpolation_update = True
    node.attach(colour)
    node.update()
