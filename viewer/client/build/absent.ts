/** Stands in for xmlbuilder2 (with its 0.3 MB of DOM): vtk.js reads XML meshes with it, which no server sends. */

function absent(): never {
  throw new Error("meshes in XML are not part of this viewer");
}

export const create = absent;
export const convert = absent;
