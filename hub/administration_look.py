"""The colours of the administration's library, told in those of our own pages (static/queue/side.css has these)."""

COLORS: dict[str, dict[str, str]] = {
    "base": {
        "50": "#f7f7f8",  # paper
        "100": "#f0f0f3",
        "200": "#e2e2e7",  # line
        "300": "#d4d4da",
        "400": "#85858f",  # the frame of a field
        "500": "#63636e",
        "600": "#55555f",  # soft
        "700": "#3a3d49",
        "800": "#2d303b",  # line, dark
        "900": "#181a22",  # card, dark
        "950": "#0f1016",  # paper, dark
    },
    "primary": {
        "50": "#f3efff",  # tint
        "100": "#ebe3ff",
        "200": "#d9c9ff",
        "300": "#d0b8ff",
        "400": "#c4a7ff",
        "500": "#c4a7ff",  # accent, dark
        "600": "#6d28d9",  # accent
        "700": "#5b21b6",
        "800": "#4c1d95",
        "900": "#3b1775",
        "950": "#241b38",  # tint, dark
    },
    "font": {
        "subtle-light": "#55555f",
        "subtle-dark": "#a9abb8",
        "default-light": "#18181b",
        "default-dark": "#ececf1",
        "important-light": "#18181b",
        "important-dark": "#ececf1",
    },
}
