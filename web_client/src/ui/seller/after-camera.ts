/** What is loaded after the camera, as one piece. */

export { Damage } from "./Damage";
export { Done } from "./Done";
export { Review } from "./Review";
export { Sign } from "./Sign";
