"""The names that a logo or a mark needs to be drawn: elements, attributes, CSS properties and functions. Data only.

What is in no table is not kept. What is kept neither runs code, nor moves, nor loads anything.
"""

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TEXTS = frozenset({"text", "tspan", "textPath"})
"""Elements whose text is drawn."""

WORDS = frozenset({"title", "desc"})
"""Elements of which only the text is kept."""

FILTER_STEPS = _words("""
    feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
    feDropShadow feFlood feGaussianBlur feMerge feMorphology feOffset feSpecularLighting feTile feTurbulence
    """)

DEFINITIONS = _words("defs symbol marker pattern clipPath mask filter linearGradient radialGradient")
"""Elements that are drawn only where something refers to them."""

ELEMENTS = (
    TEXTS
    | WORDS
    | FILTER_STEPS
    | DEFINITIONS
    | _words("""
        svg g use switch style path rect circle ellipse line polyline polygon stop
        feDistantLight fePointLight feSpotLight feMergeNode feFuncR feFuncG feFuncB feFuncA
        """)
)

DROPPED_ELEMENTS = _words("""
    metadata view cursor color-profile solidcolor font font-face glyph missing-glyph hkern vkern
    """)
"""Elements of SVG that browsers do not draw."""

MOVING_ELEMENTS = _words("animate animateColor animateMotion animateTransform set discard mpath")
RUNNING_ELEMENTS = _words("script handler listener")

CSS_ATTRIBUTES = _words("""
    alignment-baseline baseline-shift clip clip-path clip-rule color color-interpolation color-interpolation-filters
    color-rendering direction display dominant-baseline fill fill-opacity fill-rule filter flood-color flood-opacity
    font-family font-size font-size-adjust font-stretch font-style font-variant font-weight image-rendering isolation
    letter-spacing lighting-color marker-end marker-mid marker-start mask mask-type mix-blend-mode opacity overflow
    paint-order shape-rendering stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap
    stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor text-decoration text-rendering
    transform-origin unicode-bidi vector-effect visibility word-spacing writing-mode
    """)
"""Presentation attributes: browsers read their values as CSS."""

PROPERTIES = CSS_ATTRIBUTES | _words("""
    background background-color background-blend-mode color-scheme cx cy d enable-background font font-feature-settings
    font-kerning font-variant-caps font-variant-ligatures font-variant-numeric font-variation-settings fill-color height
    inline-size line-height marker mask-image mask-mode mask-repeat mask-size mask-position mask-clip mask-origin
    mask-composite pointer-events r rx ry shape-inside text-align text-decoration-color text-decoration-line
    text-decoration-style text-indent text-orientation text-overflow text-transform transform transform-box
    transform-style white-space width x y
    """)

FUNCTIONS = _words("""
    rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix light-dark device-cmyk icc-color
    var calc min max clamp round abs sign
    matrix matrix3d perspective rotate rotate3d rotatex rotatey rotatez scale scale3d scalex scaley scalez skew skewx
    skewy translate translate3d translatex translatey translatez
    circle ellipse inset path polygon rect xywh
    """)
EFFECT_FUNCTIONS = _words("blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia")

PLAIN_ATTRIBUTES = _words("""
    id class lang x y x1 x2 y1 y2 dx dy cx cy r rx ry fx fy fr d points width height viewBox version baseProfile
    preserveAspectRatio transform gradientTransform gradientUnits patternTransform patternUnits patternContentUnits
    spreadMethod offset pathLength clipPathUnits maskUnits maskContentUnits markerUnits markerWidth markerHeight refX
    refY orient filterUnits primitiveUnits filterRes enable-background role textLength lengthAdjust rotate startOffset
    method spacing side kerning glyph-orientation-horizontal glyph-orientation-vertical systemLanguage requiredFeatures
    requiredExtensions in in2 result mode type values operator k1 k2 k3 k4 tableValues slope intercept amplitude
    exponent stdDeviation edgeMode numOctaves baseFrequency seed stitchTiles scale xChannelSelector yChannelSelector
    radius order kernelMatrix divisor bias targetX targetY kernelUnitLength preserveAlpha surfaceScale
    diffuseConstant specularConstant specularExponent azimuth elevation z pointsAtX pointsAtY pointsAtZ
    limitingConeAngle pointer-events
    """)
"""Attributes that are neither CSS nor addresses."""

REFERRING = _words("use linearGradient radialGradient pattern filter textPath")
"""Elements that may refer to another one of the picture with `href`."""

OF_EDITORS = frozenset({"xpacket", "adobe-xap-filters", "AdobeSVGViewer", "xml-model"})
"""Processing instructions that editors leave behind, and that no browser reads."""

REFUSED_NAMESPACES = frozenset({"http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"})
"""Namespaces whose elements a browser would show or run within a picture."""
