"""Fills the index of a DICOM Server by SQL, as years of work would have: studies, series, instances, and what went out.

Values are as wide as real ones, and UIDs are in no order, as those of modalities are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

YEARS = 3
# The tables that grow with every study; their indexes are made anew after the rows, which is faster.
TABLES = (
    "index_study",
    "index_series",
    "index_instance",
    "index_instancemetadata",
    "outbox_outboxmessage",
    "access_viewingsession",
)
_HELPERS = """
    CREATE FUNCTION pg_temp.uid(what text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT '1.2.826.0.1.3680043.8.498.1' || translate(md5(what || n), 'abcdef', '314159') $$;
    CREATE FUNCTION pg_temp.name(n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT initcap(translate(left(md5('family' || n), 9), '0123456789', 'aeioulnrst')) || '^'
           || initcap(translate(left(md5('given' || n % 500), 6), '0123456789', 'aeioulnrst')) $$;
"""
_STUDIES = """
    INSERT INTO index_study (study_instance_uid, patient_name_alphabetic, patient_name_ideographic,
        patient_name_phonetic, patient_id, issuer_of_patient_id, other_patient_ids, patient_birth_date, patient_sex,
        study_date, study_time, timezone_offset_from_utc, accession_number, study_id, study_description,
        referring_physician_name, requesting_physician_names, institution_name, revision, first_received_at,
        last_received_at, completed_at, number_of_instances, stored_bytes, patient_key, patient_name_folded,
        referring_physician_name_folded, study_description_folded, institution_name_folded)
    SELECT pg_temp.uid('study', n), pg_temp.name(n / 3), '', '', 'P' || n / 3, 'HOSPITAL',
        jsonb_build_array(jsonb_build_object(
            'identifier', (2000000000000 + n / 3)::text, 'issuer', 'IDNP', 'kind', 'national')),
        to_char(date '1930-01-01' + (n * 7919 % 33000)::int, 'YYYYMMDD'), CASE n % 2 WHEN 0 THEN 'F' ELSE 'M' END,
        to_char(at, 'YYYYMMDD'), to_char(at, 'HH24MISS'), '', 'A' || 100000000 + n, n::text,
        (ARRAY['CT of the chest', 'MR of the head', 'Radiograph of the knee', 'Ultrasound of the abdomen'])[n % 4 + 1],
        jsonb_build_object('alphabetic', pg_temp.name(n % 300), 'ideographic', '', 'phonetic', ''),
        jsonb_build_array(jsonb_build_object('alphabetic', pg_temp.name(n % 300), 'ideographic', '', 'phonetic', '')),
        'Benchmark Hospital', extract(epoch FROM at)::bigint * 1000000, at, at + interval '5 minutes',
        at + interval '6 minutes', 1 + n % 3, (1 + n % 3) * 526000, md5('P' || n / 3),
        '==' || lower(pg_temp.name(n / 3)) || '==', '==' || lower(pg_temp.name(n % 300)) || '==',
        (ARRAY['==ct of the chest==', '==mr of the head==', '==radiograph of the knee==',
            '==ultrasound of the abdomen=='])[n % 4 + 1],
        '==benchmark hospital=='
    FROM generate_series(1::bigint, {count}) AS n,
        LATERAL (SELECT now() - interval '1 hour' - n * interval '{years} years' / {count} AS at) AS received
"""
_SERIES = """
    INSERT INTO index_series (study_id, series_instance_uid, modality, series_number, series_description,
        body_part_examined, protocol_name, station_name, series_date, series_time, number_of_instances, revision,
        prepared_revision, pictured_revision, series_description_folded, protocol_name_folded, sop_class_uids)
    SELECT id, pg_temp.uid('series', id), CASE WHEN id % 1000 = 7 THEN 'XA'
            ELSE (ARRAY['CT', 'MR', 'DX', 'US'])[id % 4 + 1] END, 1 + id % 5, 'Axial 1.0 mm',
        'CHEST', 'Thorax routine', 'STATION' || id % 20, study_date, study_time, number_of_instances, revision,
        revision, revision, '==axial 1.0 mm==', '==thorax routine==', ARRAY['1.2.840.10008.5.1.4.1.1.2']
    FROM index_study
"""
_INSTANCES = """
    INSERT INTO index_instance (series_id, sop_instance_uid, sop_class_uid, instance_number, transfer_syntax_uid,
        relative_path, file_bytes, data_set_offset, data_set_sha256, header_sha256, rows, columns, bits_allocated,
        number_of_frames, frame_table, received_at, calling_ae_title, called_ae_title, origin)
    SELECT series.id, uid, '1.2.840.10008.5.1.4.1.1.2', number, '1.2.840.10008.1.2.1',
        to_char(first_received_at, 'YYYY/MM/DD/') || study_instance_uid || '/' || series_instance_uid || '/' || uid
            || '.dcm',
        526000, 512, md5(uid) || md5('data' || uid), md5('head' || uid) || md5('more' || uid), 512, 512, 16, NULL,
        jsonb_build_object('native', jsonb_build_array(1712, 4194304, 1, 1, NULL)), first_received_at, 'MODALITY',
        'BENCHMARK', 'c_store'
    FROM index_series AS series JOIN index_study AS study ON study.id = series.study_id,
        generate_series(1, series.number_of_instances) AS number,
        LATERAL (SELECT pg_temp.uid('instance', series.id * 10 + number) AS uid) AS named
"""
_METADATA = """
    INSERT INTO index_instancemetadata (instance_id, dicom_json, bulk_data) SELECT id, '{}', '{}' FROM index_instance
"""
# Delivered messages are kept for a week, closed viewing sessions for a month.
_MESSAGES = """
    INSERT INTO outbox_outboxmessage (message_id, kind, subject, body, created_at, next_attempt_at, attempts, failure,
        last_error, delivered_at, delivered_revision)
    SELECT gen_random_uuid(), 'study_report', study_instance_uid, NULL, completed_at, completed_at, 1, '', '',
        completed_at, revision
    FROM index_study WHERE completed_at > now() - interval '7 days'
"""
_SESSIONS = """
    INSERT INTO access_viewingsession (session_id, sub, study_instance_uid, token_ids, frames, sent_bytes,
        first_read_at, last_read_at, remote_address, reported_at, instances)
    SELECT gen_random_uuid()::text, 'user-' || id % 50, study_instance_uid, ARRAY[gen_random_uuid()::text], 100,
        52600000, completed_at, completed_at, '10.0.0.1', completed_at, number_of_instances
    FROM index_study WHERE completed_at > now() - interval '30 days'
"""


def fill(url: str, studies: int) -> None:
    """Fill an empty, migrated database, and let PostgreSQL look at what it has."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET work_mem = '256MB'")
        connection.execute(_HELPERS)
        with without_indexes(connection):
            connection.execute(_STUDIES.format(count=studies, years=YEARS))
            for statement in (_SERIES, _INSTANCES, _METADATA, _MESSAGES, _SESSIONS):
                connection.execute(statement)
        # As autovacuum does after so many rows.
        connection.execute("VACUUM (ANALYZE)")


@contextmanager
def without_indexes(connection: psycopg.Connection) -> Iterator[None]:
    """Inside, the growing tables have no index and no constraint but their keys; afterwards those that they had."""
    constraints = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype IN ('u', 'f') AND conrelid::regclass::text = ANY(%s)",
        [list(TABLES)],
    ).fetchall()
    for table, name, _ in constraints:
        statement = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
        connection.execute(statement.format(sql.Identifier(table), sql.Identifier(name)))
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname NOT IN "
        "(SELECT conname FROM pg_constraint)",
        [list(TABLES)],
    ).fetchall()
    for name, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    for _, definition in indexes:
        connection.execute(definition)
    for table, name, definition in constraints:
        statement = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ")
        connection.execute(statement.format(sql.Identifier(table), sql.Identifier(name)) + sql.SQL(definition))
