"""Classes drawn by the graphics card, as outline, rim and light fill: no second layer, no work a stroke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vispy.visuals.filters import Filter
from vispy.visuals.shaders import Function

from napari_skinseg.layers import drawing

if TYPE_CHECKING:
    import napari
    from napari.layers import Labels

    from trainer.project.project import Project

KEEP = """
vec4 kept_pixel = vec4(0.0);
vec4 keep_pixel(vec4 pixel) {
    if (pixel.x >= 0.0) { kept_pixel = pixel; }
    return kept_pixel;
}
"""
"""What the lookup of a pixel has found, kept for its colour: label, nearness to an edge, place."""
LOOKUP = """
vec4 lookup_with_edge(vec2 texcoord) {
    if (texcoord.x < 0.0 || texcoord.x > 1.0 || texcoord.y < 0.0 || texcoord.y > 1.0) { discard; }
    vec2 pixel = fwidth(texcoord);
    vec2 line = $width * pixel;
    vec2 rim = $rim * pixel;
    float label = texture2D($texture, texcoord).r;
    float right = abs(texture2D($texture, texcoord + vec2(line.x, 0.0)).r - label);
    float left = abs(texture2D($texture, texcoord - vec2(line.x, 0.0)).r - label);
    float below = abs(texture2D($texture, texcoord + vec2(0.0, line.y)).r - label);
    float above = abs(texture2D($texture, texcoord - vec2(0.0, line.y)).r - label);
    float near = 0.0;
    if (max(max(right, left), max(below, above)) > 0.001) { near = 2.0; }
    else if (label > 0.001 && abs(label - $background) > 0.001) {
        right = abs(texture2D($texture, texcoord + rim).r - label);
        left = abs(texture2D($texture, texcoord - rim).r - label);
        below = abs(texture2D($texture, texcoord + vec2(rim.x, -rim.y)).r - label);
        above = abs(texture2D($texture, texcoord + vec2(-rim.x, rim.y)).r - label);
        if (max(max(right, left), max(below, above)) > 0.001) { near = 1.0; }
    }
    $keep(vec4(label, near, texcoord / pixel));
    return vec4(label, 0.0, 0.0, 1.0);
}
"""
COLOUR = """
void colour_class() {
    vec4 pixel = $keep(vec4(-1.0));
    bool shown = gl_FragColor.r + gl_FragColor.g + gl_FragColor.b + gl_FragColor.a > 0.0;
    float opacity = gl_FragColor.a;
    if (!shown) { return; }
    if (pixel.y > 1.5) { gl_FragColor.a = max(opacity, $outline); }
    else if (abs(pixel.x - $background) < 0.001) {
        vec2 at = mod(pixel.zw, $dot_every);
        vec2 cell = floor(pixel.zw / $dot_every);
        if (mod(cell.x + cell.y, 2.0) > 0.5) { gl_FragColor.rgb = mix(gl_FragColor.rgb, vec3(1.0), $pale); }
        gl_FragColor.a = max(at.x, at.y) < $dot_size ? pow(opacity, $mark_power) : 0.0;
    }
    else if ($hatched) {
        float way = mod(floor(pixel.x * 255.0 + 0.5), 4.0);
        float along = way < 0.5 ? pixel.z : pixel.w;
        if (way > 1.5) { along = 0.707 * (way < 2.5 ? pixel.z + pixel.w : pixel.z - pixel.w); }
        bool bare = mod(along, $hatch_every) > $hatch_width;
        gl_FragColor.a = bare ? 0.0 : pow(opacity, $mark_power);
    }
    else if (pixel.y < 0.5) { gl_FragColor.a = pow(opacity, $fill_power); }
}
"""
AFTER_OPACITY = 9
"""Place among the filters of vispy, of which the opacity is one."""


def draw_classes(viewer: napari.Viewer, layer: Labels, project: Project) -> None:
    """Have a layer drawn as the project's settings say: outline and rim and a light fill, or hatching."""
    hatched = project.settings.window.drawing == "hatching"
    draw_labels(viewer, layer, project.classes.background + 1, hatched=hatched)


def draw_labels(viewer: napari.Viewer, layer: Labels, background: int, *, hatched: bool = False) -> None:
    """Have a layer drawn with outlines from now on, and filled as `layers.drawing` says.

    Parameters
    ----------
    viewer
        With a window that has the layer.
    layer
        In two dimensions, uint8; a class that its colormap does not show has no line either.
    background
        Stored value of the background.
    hatched
        Draw the other classes as lines with the bare photo between, in four directions, instead of a fill.
    """
    node: Any = viewer.window._qt_viewer.canvas.layer_to_visual[layer].node  # napari has no public way to it
    keep = Function(KEEP)
    lookup = Function(LOOKUP)
    lookup["width"], lookup["rim"] = drawing.OUTLINE_WIDTH, drawing.RIM_WIDTH
    lookup["keep"], lookup["background"] = keep, background / 255
    colour = Filter(fcode=COLOUR, fpos=AFTER_OPACITY)
    for name, value in {
        "background": background / 255,
        "outline": drawing.OUTLINE,
        "fill_power": drawing.FILL_POWER,
        "dot_every": drawing.DOT_EVERY,
        "dot_size": drawing.DOT_SIZE,
        "mark_power": drawing.MARK_POWER,
        "pale": drawing.PALE,
        "hatch_every": drawing.HATCH_EVERY,
        "hatch_width": drawing.HATCH_WIDTH,
        "hatched": "true" if hatched else "false",
        "keep": keep,
    }.items():
        colour.fshader[name] = value
    node._interpolation_fun["nearest"] = lookup
    node._need_interpolation_update = True
    node.attach(colour)
    node.update()
