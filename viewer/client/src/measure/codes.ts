/** Codes of measurements for DICOM SR (PS3.16 TID 300, 1419, 1501; CID 218, 7469, 7470; UCUM). */
import type { Mark } from "./marks.ts";
import type { Extent, Numbers } from "./values.ts";

export interface Code {
  readonly value: string;
  readonly scheme: "SCT" | "DCM" | "UCUM";
  readonly meaning: string;
}

export interface CodedNumber {
  readonly concept: Code;
  readonly value: number;
  readonly unit: Code;
  /** Mean, deviation, least, most of the concept; null: the number itself (PS3.16 CID 7464 and TID 1419). */
  readonly derivation: Code | null;
}

const sct = (value: string, meaning: string): Code => ({ value, scheme: "SCT", meaning });
const dcm = (value: string, meaning: string): Code => ({ value, scheme: "DCM", meaning });
const ucum = (value: string, meaning: string): Code => ({ value, scheme: "UCUM", meaning });

const CONCEPT = {
  length: sct("410668003", "Length"),
  longAxis: sct("103339001", "Long Axis"),
  shortAxis: sct("103340004", "Short Axis"),
  diameter: sct("81827009", "Diameter"),
  perimeter: sct("131191004", "Perimeter"),
  area: sct("42798000", "Area"),
  angle: sct("1483009", "Angle"),
  cobb: sct("285285000", "Cobb angle"),
  attenuation: dcm("112031", "Attenuation Coefficient"),
  suv: dcm("126401", "SUVbw"),
} as const;

const DERIVATION = {
  mean: sct("373098007", "Mean"),
  deviation: sct("386136009", "Standard Deviation"),
  min: sct("255605001", "Minimum"),
  max: sct("56851009", "Maximum"),
} as const;

const LENGTH_UNITS: Readonly<Record<Extent["unit"], Code>> = {
  mm: ucum("mm", "millimeter"),
  "mm²": ucum("mm2", "square millimeter"),
  px: ucum("{pixels}", "pixels"),
  "px²": ucum("{pixels}", "square pixels"),
};

const DEGREE = ucum("deg", "degree");

/** The concept and the unit of pixel values, where they are coded. */
function valueCodes(unit: string): { concept: Code; unit: Code } | null {
  if (unit === "HU") return { concept: CONCEPT.attenuation, unit: ucum("[hnsf'U]", "Hounsfield unit") };
  if (unit === "SUVbw")
    return { concept: CONCEPT.suv, unit: ucum("{SUVbw}g/ml", "Standardized Uptake Value body weight") };
  return null;
}

function extent(concept: Code, found: Extent | null): CodedNumber[] {
  return found ? [{ concept, value: found.value, unit: LENGTH_UNITS[found.unit], derivation: null }] : [];
}

function measuredNumbers(mark: Mark, { measured }: Numbers): CodedNumber[] {
  switch (measured.kind) {
    case "length":
      return extent(CONCEPT.length, measured.length);
    case "diameter":
      return [...extent(CONCEPT.longAxis, measured.long), ...extent(CONCEPT.shortAxis, measured.short)];
    case "angle": {
      const concept = mark.kind === "cobb" ? CONCEPT.cobb : CONCEPT.angle;
      return [{ concept, value: measured.degrees, unit: DEGREE, derivation: null }];
    }
    case "area":
      return [
        ...extent(CONCEPT.area, measured.area),
        ...extent(CONCEPT.diameter, measured.diameter),
        ...extent(CONCEPT.perimeter, measured.length),
      ];
    default:
      return [];
  }
}

/** The numbers of a mark that have codes; those of a Doppler trace and of values without a unit have none. */
export function codedNumbers(mark: Mark, numbers: Numbers): readonly CodedNumber[] {
  const codes = valueCodes(numbers.valueUnit.unit);
  const { statistics, measured } = numbers;
  const coded = measuredNumbers(mark, numbers);
  if (!codes) return coded;
  const number = (value: number, derivation: Code | null): CodedNumber => ({ ...codes, value, derivation });
  if (measured.kind === "value" && measured.value !== null) coded.push(number(measured.value, null));
  if (statistics) {
    coded.push(
      number(statistics.mean, DERIVATION.mean),
      number(statistics.deviation, DERIVATION.deviation),
      number(statistics.min, DERIVATION.min),
      number(statistics.max, DERIVATION.max),
    );
  }
  return coded;
}
