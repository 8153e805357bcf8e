//! Bodies of requests and responses. A request's body can be cloned for a retry without
//! copying its bytes. A response's body is either buffered or a stream.

mod collect;
mod request;
mod response;
mod sync;
mod try_clone;

pub(crate) use collect::{Collector, collect};
pub use request::Body;
pub use response::ResponseBody;
pub(crate) use response::{BoxBody, poll_response, with_response_body};
pub use try_clone::TryCloneBody;
pub(crate) use try_clone::copy_of;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body::Body as HttpBody;
    use http_body_util::BodyExt;

    use super::*;
    use crate::{BoxError, Result};

    fn read(body: impl HttpBody<Data = Bytes, Error = BoxError> + Unpin) -> Result<Bytes> {
        tokio_test::block_on(collect(body, usize::MAX))
    }

    #[test]
    fn what_is_sent_again_is_the_same_memory() {
        let bytes = Bytes::from(vec![1, 2, 3]);
        let body = Body::from(bytes.clone());
        let copy = body.try_clone().unwrap();
        assert_eq!(read(copy).unwrap().as_ptr(), bytes.as_ptr());
        assert_eq!(read(body).unwrap().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn a_list_is_sent_piece_by_piece_with_its_length() {
        let body = Body::list([Bytes::from("ab"), Bytes::from("cde")]);
        assert_eq!(body.len(), Some(5));
        assert_eq!(read(body).unwrap(), "abcde");
    }

    #[test]
    fn a_list_read_to_its_end_has_no_pieces() {
        let mut body = Body::list([Bytes::from("ab")]);
        tokio_test::block_on(async { while body.frame().await.is_some() {} });
        assert_eq!(body.pieces(), Some(&[][..]));
    }

    #[test]
    fn a_stream_exists_once() {
        let body = Body::stream(Body::from("once"));
        assert!(body.try_clone().is_none());
        assert_eq!(read(body).unwrap(), "once");
    }

    #[test]
    fn an_answer_at_hand_needs_no_box() {
        let bytes = Bytes::from("x".repeat(100));
        let answer = ResponseBody::new(Body::from(bytes.clone()));
        assert_eq!(answer.try_into_bytes().unwrap().as_ptr(), bytes.as_ptr());
        assert!(ResponseBody::new(Body::empty()).is_end_stream());
    }

    #[test]
    fn an_answer_in_pieces_is_joined_and_counted() {
        let pieces = || Body::list([Bytes::from("ab"), Bytes::from("cde"), Bytes::from("f")]);
        let answer = ResponseBody::new(pieces());
        assert_eq!(answer.size_hint().exact(), Some(6));
        assert_eq!(tokio_test::block_on(answer.bytes()).unwrap(), "abcdef");
        assert!(
            tokio_test::block_on(collect(pieces(), 5))
                .unwrap_err()
                .is_body()
        );
    }
}
