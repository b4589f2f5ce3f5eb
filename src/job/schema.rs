//! The JSON Schema of the job file, written from the same description that the checker uses.

use super::Field;
use super::keys::provider::SOURCE;
use super::keys::{Key, Kind, Names, Need, ROOT, Table};
use serde_json::{Map, Value, json};

/// JSON Schema (draft 2020-12) of the job file, for editors: `onefolk init --schema`.
pub fn schema() -> Value {
    let mut schema = table(&ROOT);
    let object = schema.as_object_mut().expect("a table's schema is an object");
    object.shift_insert(0, "$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    object.shift_insert(1, "title".into(), json!("onefolk job file"));
    schema
}

fn table(described: &Table) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in described.keys.iter().filter(|key| !matches!(key.need, Need::Later)) {
        properties.insert(key.name.into(), property(key));
        if matches!(key.need, Need::Required) {
            required.push(key.name);
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = kind(&key.kind);
    schema["description"] = json!(key.doc);
    if let Need::Default(value) = key.need {
        schema["default"] = serde_json::from_str(value).expect("a default of the description is JSON");
    }
    schema
}

fn texts() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    json!({ "anyOf": [text, { "type": "array", "items": text, "minItems": 1 }] })
}

fn kind(kind_of_value: &Kind) -> Value {
    match kind_of_value {
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Texts => texts(),
        Kind::Word(words, _) => json!({ "enum": words }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Real(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
        Kind::Share => json!({ "anyOf": [
            { "type": "number", "minimum": 0, "maximum": 1 },
            { "type": "string", "pattern": "^\\s*[0-9.]+\\s*%?\\s*$" },
        ] }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Character => json!({ "type": "string", "pattern": "^(.|tab)$" }),
        Kind::Size => json!({ "type": "string", "pattern": "^\\s*[0-9.]+\\s*([KMGT]iB|[kKMGT]B)\\s*$" }),
        Kind::Span => {
            json!({ "type": "string", "pattern": "^\\s*\\d+ +(year|month|week|day)s?( +\\d+ +(year|month|week|day)s?)*\\s*$" })
        }
        Kind::Table(described) => table(described),
        Kind::List(described) => json!({ "type": "array", "items": table(described), "minItems": 1 }),
        Kind::Map(names, inner) => map(*names, inner),
        Kind::Source => {
            let mut forms = texts()["anyOf"].as_array().cloned().unwrap_or_default();
            forms.push(table(&SOURCE));
            json!({ "anyOf": forms })
        }
    }
}

fn map(names: Names, inner: &Kind) -> Value {
    match names {
        Names::Raw => json!({ "type": "object", "additionalProperties": kind(inner) }),
        Names::New => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[a-z][a-z0-9_]{0,63}$" },
            "additionalProperties": kind(inner),
        }),
        Names::Fields => {
            // Built-in fields are listed so that an editor completes them; fields of the job's own come under the same rule.
            let fields = Field::BUILT_IN.iter().filter_map(|field| field.word());
            let properties: Map<String, Value> = fields.map(|word| (word.to_string(), kind(inner))).collect();
            json!({
                "type": "object",
                "properties": properties,
                "propertyNames": { "pattern": "^[a-z][a-z0-9_]{0,63}$" },
                "additionalProperties": kind(inner),
                "required": ["record_id"],
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key of every table, with the path to it.
    fn walk(described: &Table, schema: &Value, seen: &mut usize) {
        for key in described.keys {
            let property = &schema["properties"][key.name];
            *seen += 1;
            if matches!(key.need, Need::Later) {
                assert!(property.is_null(), "{} {} is not offered yet", described.heading, key.name);
                continue;
            }
            assert!(property.is_object(), "{} {} is in the schema", described.heading, key.name);
            let required = schema["required"].as_array().is_some_and(|list| list.iter().any(|name| name == key.name));
            assert_eq!(required, matches!(key.need, Need::Required), "{} {}", described.heading, key.name);
            match key.kind {
                Kind::Table(inner) => walk(inner, property, seen),
                Kind::List(inner) => walk(inner, &property["items"], seen),
                Kind::Map(Names::New, Kind::Table(inner)) => walk(inner, &property["additionalProperties"], seen),
                _ => {}
            }
        }
    }

    #[test]
    fn holds_every_key_of_the_description() {
        let mut seen = 0;
        walk(&ROOT, &schema(), &mut seen);
        assert!(seen > 50, "{seen}");
    }

    #[test]
    fn completes_every_built_in_field() {
        let schema = schema();
        let columns = &schema["properties"]["provider"]["items"]["properties"]["columns"];
        for field in Field::BUILT_IN {
            let word = field.word().expect("a built-in field has a word");
            assert!(columns["properties"][word].is_object(), "{word}");
        }
    }
}
