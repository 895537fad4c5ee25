/**
 * What a mirrored screen may consist of: the elements and attributes our own phone page uses, and nothing that loads, runs
 * or leads anywhere. Everything else is shown as an empty place.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

export const ELEMENTS = words(`
  html head body title style div span p a b i u s em strong small sub sup mark code kbd pre time br hr wbr abbr bdi bdo q cite
  blockquote h1 h2 h3 h4 h5 h6 ul ol li dl dt dd main header footer nav section article aside address figure figcaption
  button input textarea select option optgroup label form fieldset legend output progress meter details summary dialog
  table caption colgroup col thead tbody tfoot tr th td img picture video canvas
  svg g path rect circle ellipse line polyline polygon text tspan defs use symbol desc lineargradient radialgradient stop
  clippath mask
`);

/** Taken as they are, once addresses within them are gone. */
export const ATTRIBUTES = words(`
  class id style dir lang role hidden open disabled checked selected multiple value placeholder type name for min max step
  rows cols size maxlength colspan rowspan span alt title width height rr_width rr_height rr_scrollleft rr_scrolltop
  rr_open_mode datetime translate inert readonly required
  viewbox preserveaspectratio d x y x1 y1 x2 y2 cx cy r rx ry fx fy dx dy points transform offset pathlength
  fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-dasharray
  stroke-dashoffset stroke-miterlimit opacity color display visibility font-size font-family font-weight text-anchor
  dominant-baseline clip-path clip-rule mask vector-effect stop-color stop-opacity gradientunits gradienttransform
  spreadmethod clippathunits maskunits paint-order
`);

/** Attributes that name something to load: only pictures, and only from where the desk itself would load them. */
export const PICTURE_ATTRIBUTES = words("src rr_dataurl");

/** Input types that are shown; a file or a password field is an empty one. */
export const INPUT_TYPES = words("text search tel url email number range checkbox radio button submit reset date time");
