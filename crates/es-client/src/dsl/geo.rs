use serde::Serialize;

use super::{
    kinds::*,
    object::{Clause, jsons, pair},
    query::Query,
};
use crate::params::GeoShapeRelation;

/// Queries of places and shapes.
impl Query {
    /// Matches documents within a distance of a point. The distance has a unit, such as `12km`.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// let near = Query::geo_distance("location", json!({"lat": 52.52, "lon": 13.4}), "12km");
    /// assert_eq!(
    ///     json!(near),
    ///     json!({"geo_distance": {"distance": "12km", "location": {"lat": 52.52, "lon": 13.4}}})
    /// );
    /// ```
    pub fn geo_distance(
        field: impl Into<String>,
        point: impl Serialize,
        distance: impl Into<String>,
    ) -> GeoDistanceQuery {
        let mut clause = Clause::new("geo_distance", pair("distance", distance.into()));
        clause.set(field, point);
        GeoDistanceQuery(clause)
    }

    /// Matches documents within the bounding box of these corners.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// assert_eq!(
    ///     json!(Query::geo_bounding_box("location", [13.1, 52.7], [13.8, 52.3])),
    ///     json!({"geo_bounding_box": {"location": {
    ///         "top_left": [13.1, 52.7], "bottom_right": [13.8, 52.3]}}})
    /// );
    /// ```
    pub fn geo_bounding_box(
        field: impl Into<String>,
        top_left: impl Serialize,
        bottom_right: impl Serialize,
    ) -> GeoBoundingBoxQuery {
        let mut corners = pair("top_left", top_left);
        corners.extend(pair("bottom_right", bottom_right));
        GeoBoundingBoxQuery(Clause::new("geo_bounding_box", pair(field, corners)))
    }

    /// Matches documents within a polygon of these points. Deprecated since 7.12.0: use
    /// [`geo_shape`](Self::geo_shape).
    pub fn geo_polygon<T: Serialize>(
        field: impl Into<String>,
        points: impl IntoIterator<Item = T>,
    ) -> GeoPolygonQuery {
        let points = pair("points", jsons(points));
        GeoPolygonQuery(Clause::new("geo_polygon", pair(field, points)))
    }

    /// Matches documents by how they relate to a shape (GeoJSON or WKT).
    pub fn geo_shape(
        field: impl Into<String>,
        shape: impl Serialize,
        relation: GeoShapeRelation,
    ) -> GeoShapeQuery {
        GeoShapeQuery(Clause::new(
            "geo_shape",
            related(field, "shape", shape, relation),
        ))
    }

    /// Matches documents by how they relate to the shape of a document, such as
    /// `json!({"index": "shapes", "id": "1", "path": "location"})`.
    pub fn geo_indexed_shape(
        field: impl Into<String>,
        shape: impl Serialize,
        relation: GeoShapeRelation,
    ) -> GeoShapeQuery {
        GeoShapeQuery(Clause::new(
            "geo_shape",
            related(field, "indexed_shape", shape, relation),
        ))
    }

    /// Matches documents by how they relate to a shape of a plane.
    pub fn shape(
        field: impl Into<String>,
        shape: impl Serialize,
        relation: GeoShapeRelation,
    ) -> ShapeQuery {
        ShapeQuery(Clause::new(
            "shape",
            related(field, "shape", shape, relation),
        ))
    }

    /// Matches documents by how they relate to the shape of a document, in a plane.
    pub fn indexed_shape(
        field: impl Into<String>,
        shape: impl Serialize,
        relation: GeoShapeRelation,
    ) -> ShapeQuery {
        ShapeQuery(Clause::new(
            "shape",
            related(field, "indexed_shape", shape, relation),
        ))
    }

    /// Matches documents within the cell of a geohash, such as `u0`.
    pub fn geohash_grid(field: impl Into<String>, hash: impl Into<String>) -> GeoGridQuery {
        GeoGridQuery(Clause::of_field(
            "geo_grid",
            field,
            pair("geohash", hash.into()),
        ))
    }

    /// Matches documents within a map tile, such as `6/32/22`.
    pub fn geotile_grid(field: impl Into<String>, tile: impl Into<String>) -> GeoGridQuery {
        GeoGridQuery(Clause::of_field(
            "geo_grid",
            field,
            pair("geotile", tile.into()),
        ))
    }

    /// Matches documents within a cell of H3, such as `811fbffffffffff`.
    pub fn geohex_grid(field: impl Into<String>, cell: impl Into<String>) -> GeoGridQuery {
        GeoGridQuery(Clause::of_field(
            "geo_grid",
            field,
            pair("geohex", cell.into()),
        ))
    }
}

fn related(
    field: impl Into<String>,
    name: &str,
    shape: impl Serialize,
    relation: GeoShapeRelation,
) -> serde_json::Map<String, serde_json::Value> {
    let mut related = pair(name, shape);
    related.extend(pair("relation", relation));
    pair(field, related)
}
