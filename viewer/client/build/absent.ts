/** Stands in for what packages bring along and nobody calls here: meshes in XML of vtk.js, HTML and SVG of jsPDF. */

function absent(): never {
  throw new Error("this is not part of the viewer");
}

export const create = absent;
export const convert = absent;
export default absent;
