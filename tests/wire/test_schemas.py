"""The schemas and examples kept in the tree are those of the code."""

from wire import examples, schemas


def test_kept_schemas_are_those_of_the_code():
    kept = {path.stem: path.read_text(encoding="utf-8") for path in schemas.DIRECTORY.glob("*.json")}
    assert kept == {name: schemas.schema_text(model) for name, model in schemas.MESSAGES.items()}


def test_schemas_are_written_one_file_a_message(tmp_path):
    paths = schemas.write(tmp_path)
    assert [path.name for path in paths] == [f"{name}.json" for name in schemas.MESSAGES]
    assert all(path.read_bytes() == (schemas.DIRECTORY / path.name).read_bytes() for path in paths)


def test_each_message_has_one_golden_example():
    assert {path.stem for path in examples.DIRECTORY.glob("*.json")} == set(schemas.MESSAGES)
