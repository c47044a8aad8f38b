/**
 * Fonts of the map's labels. The style names no glyph server: MapLibre then draws every glyph itself,
 * with the page's own font (fonts.css) or, for what that lacks, the phone's. It reads the weight out of the
 * first family's name, hence one family a weight.
 */

const SYSTEM = ['system-ui', 'Roboto', 'Helvetica Neue', 'Arial', 'sans-serif'];

export const REGULAR = ['Fieldkit Regular', ...SYSTEM];
export const MEDIUM = ['Fieldkit Medium', ...SYSTEM];
export const BOLD = ['Fieldkit Bold', ...SYSTEM];
