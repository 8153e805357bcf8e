use serde::Serialize;

use super::{
    object::{json, options, pair},
    query::Query,
};

/// Queries of places and shapes.
impl Query {
    /// Documents at most this far from a point; the distance has a unit, such as `12km`.
    pub fn geo_distance(
        field: impl Into<String>,
        point: impl Serialize,
        distance: impl Into<String>,
    ) -> Self {
        Self::new("geo_distance", pair("distance", distance.into())).with(field, point)
    }

    /// Documents within the box between these corners.
    pub fn geo_bounding_box(
        field: impl Into<String>,
        top_left: impl Serialize,
        bottom_right: impl Serialize,
    ) -> Self {
        let mut corners = pair("top_left", top_left);
        corners.insert("bottom_right".to_owned(), json(bottom_right));
        Self::new("geo_bounding_box", pair(field, corners))
    }

    /// Documents within a polygon of these points. Deprecated since 7.12.0: use
    /// [`geo_shape`](Self::geo_shape).
    pub fn geo_polygon<T: Serialize>(
        field: impl Into<String>,
        points: impl IntoIterator<Item = T>,
    ) -> Self {
        let points: Vec<_> = points.into_iter().map(json).collect();
        Self::new("geo_polygon", pair(field, pair("points", points)))
    }

    /// Documents that lie to a shape (GeoJSON or WKT) as the relation says:
    /// `intersects`, `within`, `contains` or `disjoint`.
    pub fn geo_shape(
        field: impl Into<String>,
        shape: impl Serialize,
        relation: impl Into<String>,
    ) -> Self {
        Self::new("geo_shape", pair(field, related("shape", shape, relation)))
    }

    /// The same with a shape that an index has, such as
    /// `json!({"index": "shapes", "id": "1", "path": "location"})`.
    pub fn geo_indexed_shape(
        field: impl Into<String>,
        shape: impl Serialize,
        relation: impl Into<String>,
    ) -> Self {
        Self::new("geo_shape", pair(field, related("indexed_shape", shape, relation)))
    }

    /// The same for shapes of a plane.
    pub fn shape(
        field: impl Into<String>,
        shape: impl Serialize,
        relation: impl Into<String>,
    ) -> Self {
        Self::new("shape", pair(field, related("shape", shape, relation)))
    }

    /// The same for shapes of a plane, with one that an index has.
    pub fn indexed_shape(
        field: impl Into<String>,
        shape: impl Serialize,
        relation: impl Into<String>,
    ) -> Self {
        Self::new("shape", pair(field, related("indexed_shape", shape, relation)))
    }

    /// Documents within a geohash, such as `u0`.
    pub fn geohash_grid(field: impl Into<String>, hash: impl Into<String>) -> Self {
        Self::of_field("geo_grid", field, pair("geohash", hash.into()))
    }

    /// Documents within a map tile, such as `6/32/22`.
    pub fn geotile_grid(field: impl Into<String>, tile: impl Into<String>) -> Self {
        Self::of_field("geo_grid", field, pair("geotile", tile.into()))
    }

    /// Documents within a hexagon of H3, such as `811fbffffffffff`.
    pub fn geohex_grid(field: impl Into<String>, cell: impl Into<String>) -> Self {
        Self::of_field("geo_grid", field, pair("geohex", cell.into()))
    }

    options! {
        /// How distances are computed: `arc` (default) or `plane`.
        distance_type("distance_type");
        /// What becomes of a point that is none: `strict` (default), `coerce` or
        /// `ignore_malformed`.
        validation_method("validation_method");
    }
}

fn related(
    what: &str,
    shape: impl Serialize,
    relation: impl Into<String>,
) -> serde_json::Map<String, serde_json::Value> {
    let mut related = pair(what, shape);
    related.insert("relation".to_owned(), relation.into().into());
    related
}
