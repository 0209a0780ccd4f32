//! Software bills of materials in their formats.

use super::*;

#[test]
fn a_bill_of_materials_is_one() {
    let tags = "# made by hand\nSPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n";
    let document = json!({"spdxVersion": "SPDX-2.3", "packages": [{"name": "bash"}]});
    for (kind, predicate) in [
        (SPDX, document.clone()),
        ("https://spdx.dev/Document/v2.3", document.clone()),
        (SPDX, json!(tags)),
        (SPDX, json!(document.to_string())),
        (SPDX, json!({"Data": document.to_string(), "Timestamp": ""})),
        (SPDX, json!({"Data": document})),
        (
            SPDX,
            json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [{"type": "CreationInfo"}]}),
        ),
    ] {
        assert_eq!(judge("spdx", kind, &predicate), Ok(()), "{predicate}");
        refuses("cyclonedx", kind, &predicate, "an attestation of \"https://spdx.dev/Document");
    }
    for predicate in
        [json!(null), json!({}), json!(""), json!([]), json!({"spdxVersion": 2}), json!({"bomFormat": "CycloneDX"})]
    {
        refuses("spdx", SPDX, &predicate, "contains no SPDX document");
    }
    let document = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []});
    for (kind, predicate) in [
        (CYCLONE_DX, document.clone()),
        ("https://cyclonedx.org/bom/v1.5", document.clone()),
        (CYCLONE_DX, json!({"Data": document})),
    ] {
        assert_eq!(judge("cyclonedx", kind, &predicate), Ok(()), "{predicate}");
    }
    for predicate in [json!(null), json!({"bomFormat": "SPDX", "specVersion": "1"}), json!({"bomFormat": "CycloneDX"})]
    {
        refuses("cyclonedx", CYCLONE_DX, &predicate, "contains no CycloneDX document");
    }
}
