/** x, y of the top left corner, width, height, in pixels of the source picture. */
export type Tlwh = readonly [number, number, number, number]
