//! Lines and dots over a time or a share, as SVG.

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::Result;

/// Colours that people who see some colours alike can tell apart (Okabe and Ito).
pub(crate) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(crate) const RED: RGBColor = RGBColor(213, 94, 0);
pub(crate) const GREEN: RGBColor = RGBColor(0, 158, 115);
pub(crate) const GREY: RGBColor = RGBColor(120, 120, 120);
const SHADE: RGBColor = RGBColor(235, 235, 235);
const SIZE: (u32, u32) = (760, 380);
/// Room for the title and the legend.
const TOP: i32 = 60;

/// Points with a name.
pub(crate) struct Series {
    name: &'static str,
    color: RGBColor,
    points: Vec<(f64, f64)>,
    dots: bool,
}

impl Series {
    pub(crate) fn line(name: &'static str, color: RGBColor, points: Vec<(f64, f64)>) -> Self {
        Self {
            name,
            color,
            points,
            dots: false,
        }
    }

    pub(crate) fn dots(name: &'static str, color: RGBColor, points: Vec<(f64, f64)>) -> Self {
        Self {
            name,
            color,
            points,
            dots: true,
        }
    }

    /// One number for each second.
    pub(crate) fn seconds(name: &'static str, color: RGBColor, counts: &[usize]) -> Self {
        let points = counts
            .iter()
            .enumerate()
            .map(|(second, count)| (second as f64, *count as f64));
        Self::line(name, color, points.collect())
    }
}

/// Axes, and what lies between them.
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    /// How a place on the x axis is called.
    pub(crate) x_label: &'a dyn Fn(&f64) -> String,
    /// From where to where something was the matter.
    pub(crate) shaded: &'a [(f64, f64)],
    /// How high the y axis goes at least.
    pub(crate) top: f64,
    pub(crate) series: Vec<Series>,
}

/// A place that is a second.
pub(crate) fn second(place: &f64) -> String {
    format!("{place:.0}")
}

impl Chart<'_> {
    pub(crate) fn svg(&self) -> Result<String> {
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        self.draw(&area)?;
        area.present()?;
        drop(area);
        svg.push('\n');
        Ok(svg)
    }

    fn limits(&self) -> (f64, f64) {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let most = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(0.0, f64::max);
        (
            most(|point| point.0),
            most(|point| point.1).max(self.top) * 1.08,
        )
    }

    fn draw(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<()> {
        area.fill(&WHITE)?;
        let (x, y) = self.limits();
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .margin_top(TOP)
            .margin_right(32)
            .x_label_area_size(42)
            .y_label_area_size(62)
            .build_cartesian_2d(0.0..x, 0.0..y)?;
        let shade =
            |(from, to): &(f64, f64)| Rectangle::new([(*from, 0.0), (*to, y)], SHADE.filled());
        chart.draw_series(self.shaded.iter().map(shade))?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.1))
            .x_labels(10)
            .y_labels(6)
            .x_label_formatter(self.x_label)
            .y_label_formatter(&|value| format!("{value:.0}"))
            .x_desc(self.x)
            .y_desc(self.y)
            .label_style(("sans-serif", 13))
            .draw()?;
        for series in &self.series {
            let points = series.points.iter().copied();
            if series.dots {
                let dot = |point| Circle::new(point, 4, series.color.filled());
                chart.draw_series(points.map(dot))?;
            } else {
                chart.draw_series(LineSeries::new(points, series.color.stroke_width(2)))?;
            }
        }
        self.head(area)
    }

    /// The title, and below it what each colour is.
    fn head(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<()> {
        let centered = ("sans-serif", 17).into_font().color(&BLACK);
        let centered = centered.pos(Pos::new(HPos::Center, VPos::Center));
        area.draw(&Text::new(self.title, (SIZE.0 as i32 / 2, 18), centered))?;
        let mut place = 76;
        for series in &self.series {
            let style = ("sans-serif", 13).into_font().color(&BLACK);
            let style = style.pos(Pos::new(HPos::Left, VPos::Center));
            let line = [(place, 40), (place + 18, 40)];
            if series.dots {
                area.draw(&Circle::new((place + 9, 40), 4, series.color.filled()))?;
            } else {
                area.draw(&PathElement::new(line, series.color.stroke_width(3)))?;
            }
            area.draw(&Text::new(series.name, (place + 24, 40), style))?;
            place += 44 + 7 * series.name.len() as i32;
        }
        Ok(())
    }
}
