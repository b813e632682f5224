/** What is used of dcmjs, which brings no types. */
declare module "dcmjs" {
  type Elements = Record<string, unknown>;

  export const data: {
    readonly DicomDict: new (meta: Elements) => { dict: Elements; write(): ArrayBuffer };
    readonly DicomMetaDictionary: { denaturalizeDataset(dataset: object): Elements };
  };
}
