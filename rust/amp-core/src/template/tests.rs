use super::*;
use crate::time::Time;

fn render(text: &str) -> Result<String, Error> {
    render_with(&Templates::new(&[]).unwrap(), text)
}

fn render_with(templates: &Templates, text: &str) -> Result<String, Error> {
    let labels = |pairs: &[(&str, &str)]| LabelSet::from_pairs(pairs.iter().copied());
    let data = Data {
        receiver: "team".into(),
        status: "firing".into(),
        group_labels: labels(&[("alertname", "Disk"), ("job", "node")]),
        route_labels: labels(&[("team", "{{ .Status }}"), ("a", "{{ routeLabels \"a\" }}")]),
        ..Data::default()
    };
    templates.render(text, &Arc::new(data), Time::from_unix_ns(0), false)
}

#[test]
fn renders_data() {
    assert_eq!(
        render("{{ .Status | toUpper }} {{ .GroupLabels }}").unwrap(),
        "FIRING alertname=Disk, job=node"
    );
}

#[test]
fn names_the_place_of_a_failure() {
    assert_eq!(
        render("a\n {{ .Missing }}").unwrap_err().to_string(),
        "template: :2:4: executing \"\" at <.Missing>: can't evaluate field Missing in type *template.Data"
    );
}

#[test]
fn refuses_unknown_functions_of_files() {
    let files = [("a.tmpl".to_owned(), "\n{{ nonsense }}".to_owned())];
    assert_eq!(
        Templates::new(&files).unwrap_err().to_string(),
        "template: a.tmpl:2: function \"nonsense\" not defined"
    );
    assert!(check("{{ toUpper .x }}", true).is_err());
    assert!(check("{{ toUpper .x }}", false).is_ok());
}

#[test]
fn later_files_win_unless_blank() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let templates = Templates::new(&[
        file(
            "a.tmpl",
            "top{{ define \"x\" }}1{{ end }}{{ define \"y\" }}1{{ end }}",
        ),
        file(
            "b.tmpl",
            "{{ define \"x\" }}2{{ end }}{{ define \"y\" }}{{/* */}}{{ end }}",
        ),
    ])
    .unwrap();
    assert_eq!(
        render_with(
            &templates,
            r#"{{ template "x" }}{{ template "y" }}{{ template "a.tmpl" }}"#
        )
        .unwrap(),
        "21top"
    );
}

#[test]
fn renders_route_labels() {
    let templates = Templates::new(&[]).unwrap();
    let data = Arc::new(Data {
        status: "firing".into(),
        route_labels: LabelSet::from_pairs([
            ("a", "{{ routeLabels \"b\" }}!"),
            ("b", "{{ .Status }}"),
            ("c", "{{ .Nothing }}"),
        ]),
        ..Data::default()
    });
    let labels = data.route_labels.clone();
    let rendered = templates.render_route_labels(&labels, &data, Time::from_unix_ns(0));
    assert_eq!(rendered[0].1.as_deref(), Ok("firing!"));
    assert_eq!(rendered[1].1.as_deref(), Ok("firing"));
    assert!(rendered[2].1.is_err());
}

#[test]
fn bounds_recursion_and_output() {
    for text in [
        r#"{{ define "x" }}{{ if true }}{{ template "x" . }}{{ end }}{{ end }}{{ template "x" }}"#,
        r#"{{ template "" . }}"#,
        "{{ range 100000000 }}{{ end }}",
        "{{ range 900000 }}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{{ end }}",
        r#"{{ routeLabels "a" }}"#,
        &format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000)),
        &"{{ if true }}".repeat(5000),
        &format!(
            r#"{{{{ define "x" }}}}{{{{ print {}template{} }}}}{{{{ end }}}}"#,
            "(print ".repeat(190),
            ")".repeat(190)
        ),
    ] {
        assert!(render(text).is_err(), "{}", &text[..18]);
    }
    let deep = format!(
        "{}x{}",
        "{{ if true }}".repeat(190),
        "{{ end }}".repeat(190)
    );
    assert_eq!(render(&deep).unwrap(), "x");
    let parens = format!("{{{{ {}1{} }}}}", "(print ".repeat(190), ")".repeat(190));
    assert_eq!(render(&parens).unwrap(), "1");
}
