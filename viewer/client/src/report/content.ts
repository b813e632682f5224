/** Builds content items of structured reports (PS3.3 C.17.3) as data sets named by keyword. */
import type { Code } from "../measure/codes.ts";

/** A data set whose attributes are named by their keywords; sequences are arrays of such data sets. */
export type Named = Readonly<Record<string, unknown>>;

export interface CodedConcept {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

export const dcm = (value: string, meaning: string): CodedConcept => ({ value, scheme: "DCM", meaning });
export const sct = (value: string, meaning: string): CodedConcept => ({ value, scheme: "SCT", meaning });

/** One item of a code sequence (PS3.3 8.8). */
export function code({ value, scheme, meaning }: CodedConcept | Code): Named {
  return { CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning };
}

interface ItemHead {
  readonly relation: string;
  readonly type: string;
  readonly name?: CodedConcept | Code;
}

function item({ relation, type, name }: ItemHead, more: Named, children: readonly Named[] = []): Named {
  return {
    RelationshipType: relation,
    ValueType: type,
    ...(name ? { ConceptNameCodeSequence: [code(name)] } : {}),
    ...more,
    ...(children.length > 0 ? { ContentSequence: children } : {}),
  };
}

export function container(name: CodedConcept, children: readonly Named[], template?: string): Named {
  return item(
    { relation: "CONTAINS", type: "CONTAINER", name },
    {
      ContinuityOfContent: "SEPARATE",
      ...(template
        ? { ContentTemplateSequence: [{ MappingResource: "DCMR", TemplateIdentifier: template }] }
        : {}),
    },
    children,
  );
}

export function codeItem(relation: string, name: CodedConcept, value: CodedConcept): Named {
  return item({ relation, type: "CODE", name }, { ConceptCodeSequence: [code(value)] });
}

export function textItem(relation: string, name: CodedConcept, value: string): Named {
  return item({ relation, type: "TEXT", name }, { TextValue: value });
}

export function personItem(relation: string, name: CodedConcept, value: string): Named {
  return item({ relation, type: "PNAME", name }, { PersonName: value });
}

export function uidItem(relation: string, name: CodedConcept, value: string): Named {
  return item({ relation, type: "UIDREF", name }, { UID: value });
}

export function numberItem(
  name: CodedConcept | Code,
  value: number,
  unit: CodedConcept | Code,
  children: readonly Named[],
): Named {
  const measured = { NumericValue: decimal(value), MeasurementUnitsCodeSequence: [code(unit)] };
  return item({ relation: "CONTAINS", type: "NUM", name }, { MeasuredValueSequence: [measured] }, children);
}

export function imageItem(relation: string, reference: Named): Named {
  return item({ relation, type: "IMAGE" }, { ReferencedSOPSequence: [reference] });
}

export function graphicItem(
  relation: string,
  name: CodedConcept | undefined,
  type: string,
  data: readonly number[],
  image: Named,
): Named {
  return item(
    { relation, type: "SCOORD", ...(name ? { name } : {}) },
    { GraphicType: type, GraphicData: data },
    [imageItem("SELECTED FROM", image)],
  );
}

/** A number as DS has it: at most 16 characters, never a thousands mark (PS3.5 6.2). */
export function decimal(value: number): string {
  const plain = String(value);
  if (plain.length <= 16) return plain;
  for (let digits = 15; digits > 0; digits -= 1) {
    const shorter = String(Number(value.toPrecision(digits)));
    if (shorter.length <= 16) return shorter;
  }
  return "0";
}
