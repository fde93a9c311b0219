//! The two formats in which Prometheus reads figures, and who gets which.

/// A format of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The text format that everything reads.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// What an `Accept` field asks for (RFC 9110 §12.5.1): OpenMetrics where it is named and text is not wanted more.
    pub fn accepted(accept: &str) -> Self {
        let [mut open, mut text] = [0.0, 0.0];
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let wanted = match parts.next().map(str::to_ascii_lowercase).as_deref() {
                Some("application/openmetrics-text") => &mut open,
                Some("text/plain") => &mut text,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.trim().parse().ok());
            *wanted = f64::max(*wanted, weight.unwrap_or(1.0));
        }
        if open > 0.0 && open >= text { Self::OpenMetrics } else { Self::Text }
    }

    /// Its media type.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// OpenMetrics as the text format has it. There a counter is called what its samples are called, an info is a gauge,
/// units have no line of their own, and nothing marks the end.
pub(super) fn classic(open: &str) -> String {
    let mut text = String::with_capacity(open.len());
    // The help stands in front of the type, which says how the help's metric is called.
    let mut help = None;
    for line in open.lines() {
        if let Some(family) = line.strip_prefix("# HELP ") {
            help = family.split_once(' ').map(|(_, help)| help);
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|family| family.split_once(' '))
        {
            let (end, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                _ => ("", kind),
            };
            if let Some(help) = help.take() {
                text += &format!("# HELP {name}{end} {help}\n");
            }
            text += &format!("# TYPE {name}{end} {kind}\n");
        } else if !line.starts_with('#') {
            text += line;
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_which() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, format) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Format::Text),
            ("text/plain", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("Application/OpenMetrics-Text; version=1.0.0", Format::OpenMetrics),
            ("application/openmetrics-text;q=0", Format::Text),
            ("text/plain;q=1,application/openmetrics-text;q=0.1", Format::Text),
            ("text/plain, application/openmetrics-text", Format::OpenMetrics),
            (prometheus, Format::OpenMetrics),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }

    #[test]
    fn names_of_each_kind() {
        let open = "# HELP a Of a.\n# TYPE a counter\na_total{x=\"# y\"} 1\n\
                    # HELP b_seconds Of b.\n# TYPE b_seconds histogram\n# UNIT b_seconds seconds\n\
                    b_seconds_sum 1.0\nb_seconds_count 1\nb_seconds_bucket{le=\"+Inf\"} 1\n\
                    # HELP c Of c.\n# TYPE c info\nc_info{version=\"1\"} 1\n\
                    # TYPE d gauge\nd 3.0\n# TYPE e unknown\ne 1\n# EOF\n";
        let text = "# HELP a_total Of a.\n# TYPE a_total counter\na_total{x=\"# y\"} 1\n\
                    # HELP b_seconds Of b.\n# TYPE b_seconds histogram\n\
                    b_seconds_sum 1.0\nb_seconds_count 1\nb_seconds_bucket{le=\"+Inf\"} 1\n\
                    # HELP c_info Of c.\n# TYPE c_info gauge\nc_info{version=\"1\"} 1\n\
                    # TYPE d gauge\nd 3.0\n# TYPE e untyped\ne 1\n";
        assert_eq!(classic(open), text);
    }
}
