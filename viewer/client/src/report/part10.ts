/** Writes data sets as DICOM files (PS3.10), explicit little endian, with dcmjs. */
import { data } from "dcmjs";
import type { Named } from "./content.ts";

const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";

/** Of this viewer, below 2.25 (PS3.7 D.3.3.2). */
const IMPLEMENTATION_CLASS_UID = "2.25.279414273614498254711837413518253271961";

export function part10(dataset: Named): Uint8Array<ArrayBuffer> {
  const { DicomDict, DicomMetaDictionary } = data;
  const meta = {
    FileMetaInformationVersion: Uint8Array.of(0, 1).buffer,
    MediaStorageSOPClassUID: dataset.SOPClassUID,
    MediaStorageSOPInstanceUID: dataset.SOPInstanceUID,
    TransferSyntaxUID: EXPLICIT_LITTLE_ENDIAN,
    ImplementationClassUID: IMPLEMENTATION_CLASS_UID,
    ImplementationVersionName: "DICOM-NETWORK-V1",
  };
  const file = new DicomDict(DicomMetaDictionary.denaturalizeDataset(meta));
  file.dict = DicomMetaDictionary.denaturalizeDataset(dataset);
  return new Uint8Array(file.write());
}
