//! Mistakes that do not compile, each beside code that does: the only difference is the
//! mistake. Documentation tests check them, so that nothing has to be built a second time.

/// The example of the README compiles.
#[doc = include_str!("../README.md")]
fn the_readme() {}

/// Parts that a path cannot do without are arguments.
///
/// ```
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.get::<serde_json::Value>("products", "1");
/// # }
/// ```
/// ```compile_fail,E0061
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.get::<serde_json::Value>("products");
/// # }
/// ```
fn a_required_part_is_missing() {}

/// A required query parameter is an argument, too.
///
/// ```
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.open_point_in_time("products", std::time::Duration::from_secs(60));
/// # }
/// ```
/// ```compile_fail,E0061
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.open_point_in_time("products");
/// # }
/// ```
fn a_required_parameter_is_missing() {}

/// Where one thing is needed there can be no list.
///
/// ```
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>(["products", "offers"]);
/// let call = client.index("products");
/// # }
/// ```
/// ```compile_fail,E0277
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.index(["products", "offers"]);
/// # }
/// ```
fn a_list_where_one_part_is_needed() {}

/// A call is sent once.
///
/// ```
/// # async fn guard(client: es_client::Elasticsearch) -> es_client::Result<()> {
/// let call = client.indices().delete("products");
/// call.await?;
/// # Ok(())
/// # }
/// ```
/// ```compile_fail,E0382
/// # async fn guard(client: es_client::Elasticsearch) -> es_client::Result<()> {
/// let call = client.indices().delete("products");
/// call.await?;
/// call.await?;
/// # Ok(())
/// # }
/// ```
fn a_builder_is_used_twice() {}

/// Times are times.
///
/// ```
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.cluster().health().timeout(std::time::Duration::from_secs(60));
/// # }
/// ```
/// ```compile_fail,E0308
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.cluster().health().timeout(60);
/// # }
/// ```
fn a_number_where_a_time_is_needed() {}

/// Words are those that the parameter has.
///
/// ```
/// # use es_client::params::{OpType, Refresh};
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.index("products").refresh(Refresh::WaitFor);
/// # }
/// ```
/// ```compile_fail,E0277
/// # use es_client::params::{OpType, Refresh};
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.index("products").refresh(OpType::Create);
/// # }
/// ```
fn a_word_of_another_parameter() {}

/// A builder has the parameters of its endpoint only.
///
/// ```
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.count("products").min_score(1);
/// # }
/// ```
/// ```compile_fail,E0599
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.count("products").size(1);
/// # }
/// ```
fn a_parameter_of_another_endpoint() {}

/// A call by HEAD returns whether the thing exists.
///
/// ```
/// # async fn guard(client: es_client::Elasticsearch) -> es_client::Result<()> {
/// let there: bool = client.indices().exists("products").await?;
/// # Ok(())
/// # }
/// ```
/// ```compile_fail,E0308
/// # async fn guard(client: es_client::Elasticsearch) -> es_client::Result<()> {
/// let there: String = client.indices().exists("products").await?;
/// # Ok(())
/// # }
/// ```
fn a_response_of_another_type() {}

/// Documents are of a type that can be read.
///
/// ```
/// # async fn guard(client: es_client::Elasticsearch) -> es_client::Result<()> {
/// #[derive(serde::Deserialize)]
/// struct Product;
/// let found: es_client::SearchResponse<Product> = client.search("products").await?;
/// # Ok(())
/// # }
/// ```
/// ```compile_fail,E0277
/// # async fn guard(client: es_client::Elasticsearch) -> es_client::Result<()> {
/// struct Product;
/// let found: es_client::SearchResponse<Product> = client.search("products").await?;
/// # Ok(())
/// # }
/// ```
fn documents_that_cannot_be_read() {}

/// An endpoint without a body takes none.
///
/// ```
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.indices().create("products").body(serde_json::json!({}));
/// # }
/// ```
/// ```compile_fail,E0599
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.indices().delete("products").body(serde_json::json!({}));
/// # }
/// ```
fn a_body_where_none_is_taken() {}

/// The columns of a row are those of its endpoint.
///
/// ```
/// fn guard(row: es_client::types::CatAllocation) -> Option<f64> {
///     row.disk_percent().percent()
/// }
/// ```
/// ```compile_fail,E0599
/// fn guard(row: es_client::types::CatIndices) -> Option<f64> {
///     row.disk_percent().percent()
/// }
/// ```
fn a_column_of_another_endpoint() {}

/// A call can be moved into a task, together with its response.
///
/// ```
/// # async fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").size(1);
/// let task = tokio::spawn(async move { call.await });
/// # }
/// ```
/// ```compile_fail,E0277
/// # async fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<std::rc::Rc<str>>("products").size(1);
/// let task = tokio::spawn(async move { call.await });
/// # }
/// ```
fn a_response_that_cannot_leave_its_thread() {}

/// A query parameter or property has a type.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").size(10);
/// # }
/// ```
/// ```compile_fail,E0277
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").size("ten");
/// # }
/// ```
fn a_text_where_a_number_is_needed() {}

/// A search takes a query.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").query(Query::match_all());
/// # }
/// ```
/// ```compile_fail,E0277
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").query(Aggregation::avg("price"));
/// # }
/// ```
fn an_aggregation_where_a_query_is_needed() {}

/// An aggregation is an aggregation.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").aggregation("price", Aggregation::avg("price"));
/// # }
/// ```
/// ```compile_fail,E0277
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").aggregation("price", Query::match_all());
/// # }
/// ```
fn a_query_where_an_aggregation_is_needed() {}

/// A sort is a sort.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").sort([Sort::field("price")]);
/// # }
/// ```
/// ```compile_fail,E0277
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").sort([Query::match_all()]);
/// # }
/// ```
fn a_query_where_a_sort_is_needed() {}

/// A kNN search is not a query.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").knn(KnnSearch::new("vector", [0.5]));
/// # }
/// ```
/// ```compile_fail,E0277
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").knn(Query::match_all());
/// # }
/// ```
fn a_query_where_a_knn_search_is_needed() {}

/// A rescorer is not a query.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").rescore(Rescore::query(Query::match_all()));
/// # }
/// ```
/// ```compile_fail,E0277
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let call = client.search::<serde_json::Value>("products").rescore(Query::match_all());
/// # }
/// ```
fn a_query_where_a_rescorer_is_needed() {}

/// A query has the options of its kind.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let query = Query::bool().filter(Query::match_all());
/// # }
/// ```
/// ```compile_fail,E0599
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let query = Query::match_all().filter(Query::match_all());
/// # }
/// ```
fn an_option_of_another_query() {}

/// A range is not a term.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let query = Query::range("price").gte(7);
/// # }
/// ```
/// ```compile_fail,E0599
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let query = Query::term("price", 7).gte(7);
/// # }
/// ```
fn a_bound_on_a_term() {}

/// An aggregation has the options of its kind.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let aggregation = Aggregation::terms("color").size(5);
/// # }
/// ```
/// ```compile_fail,E0599
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let aggregation = Aggregation::avg("color").size(5);
/// # }
/// ```
fn an_option_of_another_aggregation() {}

/// A metric has no sub-aggregations.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let aggregation = Aggregation::terms("color").aggregation("price", Aggregation::avg("price"));
/// # }
/// ```
/// ```compile_fail,E0599
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let aggregation = Aggregation::avg("color").aggregation("price", Aggregation::avg("price"));
/// # }
/// ```
fn a_sub_aggregation_of_a_metric() {}

/// A sort has the options of its kind.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let sort = Sort::field("price").missing("_last");
/// # }
/// ```
/// ```compile_fail,E0599
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let sort = Sort::score().missing("_last");
/// # }
/// ```
fn an_option_of_another_sort() {}

/// A field of a mapping has the options of its type.
///
/// ```
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let field = Field::text().analyzer("english");
/// # }
/// ```
/// ```compile_fail,E0599
/// # use es_client::dsl::*;
/// # fn guard(client: es_client::Elasticsearch) {
/// let field = Field::boolean().analyzer("english");
/// # }
/// ```
fn an_option_of_another_field() {}
