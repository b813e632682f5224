/** Stands in for what jsPDF brings along and nobody calls here: HTML and SVG. */

function absent(): never {
  throw new Error("this is not part of the viewer");
}

export default absent;
